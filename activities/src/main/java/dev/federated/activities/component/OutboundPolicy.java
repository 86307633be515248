package dev.federated.activities.component;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.stream.Stream;
import javax.net.SocketFactory;
import okhttp3.Dns;
import org.jspecify.annotations.Nullable;

/**
 * Which addresses http_request and references may reach: public ones, and whatever the federation
 * file allows.
 *
 * <p>The sockets check the address that they really connect to, so that it does not matter how it
 * was found: by name, as a literal in any notation, by a redirect, or by a name server that answers
 * differently the second time.
 */
public final class OutboundPolicy {
  /** Addresses that are not globally reachable, by the IANA IPv4 special-purpose registry. */
  private static final List<CidrRange> REFUSED_IPV4 =
      ranges(
          "0.0.0.0/8",
          "10.0.0.0/8",
          "100.64.0.0/10",
          "127.0.0.0/8",
          "169.254.0.0/16",
          "172.16.0.0/12",
          "192.0.0.0/24",
          "192.0.2.0/24",
          "192.88.99.0/24",
          "192.168.0.0/16",
          "198.18.0.0/15",
          "198.51.100.0/24",
          "203.0.113.0/24",
          "224.0.0.0/4",
          "240.0.0.0/4");

  /** Global unicast by the IANA IPv6 address space registry: all else is refused. */
  private static final CidrRange GLOBAL_IPV6 = CidrRange.parse("2000::/3");

  /** Special ranges inside it; 2001::/23 has Teredo, and 2002::/16 carries IPv4 addresses. */
  private static final List<CidrRange> REFUSED_IPV6 =
      ranges("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20");

  private final List<CidrRange> allowed;

  /** Allows those ranges beside the public addresses. */
  public OutboundPolicy(List<String> allowed) {
    this.allowed = allowed.stream().map(CidrRange::parse).toList();
  }

  private static List<CidrRange> ranges(String... ranges) {
    return Stream.of(ranges).map(CidrRange::parse).toList();
  }

  boolean permits(InetAddress address) {
    if (allowed.stream().anyMatch(range -> range.contains(address))) {
      return true;
    }
    if (address instanceof Inet4Address) {
      return REFUSED_IPV4.stream().noneMatch(range -> range.contains(address));
    }
    return GLOBAL_IPV6.contains(address)
        && REFUSED_IPV6.stream().noneMatch(range -> range.contains(address));
  }

  /** Names resolved by that resolver, without the addresses that may not be reached. */
  public Dns guard(Dns resolver) {
    return host -> {
      List<InetAddress> found = resolver.lookup(host);
      List<InetAddress> permitted = found.stream().filter(this::permits).toList();
      if (permitted.isEmpty() && !found.isEmpty()) {
        throw new Refused(host, found.get(0));
      }
      return permitted;
    };
  }

  /** Sockets that connect to nothing that may not be reached. */
  public SocketFactory sockets() {
    return new GuardedSockets();
  }

  /** The refusal in a failure, or null if it was no refusal. */
  public static @Nullable Refused refusal(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof Refused refused) {
        return refused;
      }
      for (Throwable suppressed : cause.getSuppressed()) {
        if (suppressed instanceof Refused refused) {
          return refused;
        }
      }
    }
    return null;
  }

  /** An address may not be reached. */
  public static final class Refused extends UnknownHostException {
    private static final long serialVersionUID = 1L;

    Refused(String host, InetAddress address) {
      super(
          "%s is %s, which is not a public address: list its range under outbound.allow in the federation file if http_request may reach it"
              .formatted(host, address.getHostAddress()));
    }
  }

  private final class GuardedSocket extends Socket {
    @Override
    public void connect(SocketAddress endpoint) throws IOException {
      connect(endpoint, 0);
    }

    @Override
    public void connect(SocketAddress endpoint, int timeout) throws IOException {
      if (!(endpoint instanceof InetSocketAddress inet) || inet.getAddress() == null) {
        throw new UnknownHostException("not an address: " + endpoint);
      }
      if (!permits(inet.getAddress())) {
        throw new Refused(inet.getHostString(), inet.getAddress());
      }
      super.connect(endpoint, timeout);
    }
  }

  private final class GuardedSockets extends SocketFactory {
    @Override
    public Socket createSocket() {
      return new GuardedSocket();
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
      return createSocket(InetAddress.getByName(host), port);
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress local, int localPort)
        throws IOException {
      return createSocket(InetAddress.getByName(host), port, local, localPort);
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
      Socket socket = new GuardedSocket();
      socket.connect(new InetSocketAddress(host, port));
      return socket;
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort)
        throws IOException {
      Socket socket = new GuardedSocket();
      socket.bind(new InetSocketAddress(local, localPort));
      socket.connect(new InetSocketAddress(host, port));
      return socket;
    }
  }
}
