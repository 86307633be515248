package dev.federated.starter.cli;

import io.grpc.ManagedChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.TimeUnit;

/**
 * The one thread by which a command speaks to its server, and which ends with the command. The
 * threads that gRPC shares go on for a second, and a JVM that exits waits 0.3 s for each thread
 * that is inside a system call by then (HotSpot's {@code VM_Exit}). For a command that makes a few
 * calls this also loads less than the native transport would.
 */
final class NetworkThread implements AutoCloseable {
  private static final long LONGEST_END_MS = 200;
  private static final String WITHOUT_NATIVE_TRANSPORT =
      "io.grpc.netty.shaded.io.netty.transport.noNative";

  static {
    if (System.getProperty(WITHOUT_NATIVE_TRANSPORT) == null) {
      System.setProperty(WITHOUT_NATIVE_TRANSPORT, "true");
    }
  }

  private final EventLoopGroup thread =
      new NioEventLoopGroup(1, new DefaultThreadFactory("federate-network", true));

  /** Has a channel use it, if the channel is one of Netty's. */
  void carry(ManagedChannelBuilder<?> channel) {
    if (channel instanceof NettyChannelBuilder netty) {
      var unused = netty.eventLoopGroup(thread).channelType(NioSocketChannel.class);
    }
  }

  /** Ends it; its channels have to be shut down before. */
  @Override
  public void close() {
    var unused = thread.shutdownGracefully(0, LONGEST_END_MS, TimeUnit.MILLISECONDS);
    thread.terminationFuture().awaitUninterruptibly(LONGEST_END_MS);
  }
}
