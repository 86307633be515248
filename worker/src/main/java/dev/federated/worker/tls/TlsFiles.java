package dev.federated.worker.tls;

import dev.federated.model.RegionTls;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.Problem;
import dev.federated.worker.config.FederationFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import okhttp3.OkHttpClient;
import okhttp3.tls.Certificates;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.jspecify.annotations.Nullable;

/**
 * Reads certificates and keys from PEM files. A problem names the file and its place, never what is
 * in it.
 */
public final class TlsFiles {
  private static final int LARGEST_FILE_BYTES = 1024 * 1024;

  private final String source;
  private final Path directory;
  private final String path;

  /**
   * Files that are named in a document.
   *
   * @param source what messages call the document
   * @param directory where relative paths start
   * @param path the place in the document; empty for its top
   */
  public TlsFiles(String source, Path directory, String path) {
    this.source = source;
    this.directory = directory;
    this.path = path;
  }

  /** Those of a region of the federation file. */
  public static TlsFiles of(FederationFile file, String region) {
    Path directory = file.path().toAbsolutePath().getParent();
    int index = file.config().regionNames().indexOf(region);
    // A region that was added at run time stands in no file of this process.
    String path = index < 0 ? region + ".tls" : "regions[%d].tls".formatted(index);
    return new TlsFiles(file.name(), directory == null ? Path.of("") : directory, path);
  }

  /**
   * A client that trusts the region's CA and shows the worker's certificate; shares connections and
   * threads with the other one.
   *
   * @throws InvalidDocumentException if a file cannot be read
   */
  public OkHttpClient client(OkHttpClient shared, RegionTls tls) {
    HandshakeCertificates.Builder handshake = new HandshakeCertificates.Builder();
    String ca = tls.ca();
    if (ca == null) {
      handshake.addPlatformTrustedCertificates();
    } else {
      certificates(ca, "ca").forEach(handshake::addTrustedCertificate);
    }
    if (tls.certificate() != null && tls.key() != null) {
      hold(handshake, tls.certificate(), tls.key());
    }
    HandshakeCertificates certificates = handshake.build();
    return shared
        .newBuilder()
        .sslSocketFactory(certificates.sslSocketFactory(), certificates.trustManager())
        .build();
  }

  /**
   * What a server shows, and which clients it trusts.
   *
   * @param clientCa certificates that those of clients have to be signed by; null for no clients
   * @throws InvalidDocumentException if a file cannot be read
   */
  public ServerTls server(String certificate, String key, @Nullable String clientCa) {
    HandshakeCertificates.Builder handshake = new HandshakeCertificates.Builder();
    hold(handshake, certificate, key);
    if (clientCa != null) {
      certificates(clientCa, "client-ca").forEach(handshake::addTrustedCertificate);
    }
    return new ServerTls(handshake.build().sslContext(), clientCa != null);
  }

  private void hold(HandshakeCertificates.Builder handshake, String certificate, String key) {
    List<X509Certificate> chain = certificates(certificate, "certificate");
    String pem = text(key, "key");
    HeldCertificate held;
    try {
      held = HeldCertificate.decode(Certificates.certificatePem(chain.get(0)) + pem);
    } catch (IllegalArgumentException e) {
      // Its message may quote the file.
      throw problem("key", "the file %s is not a PKCS #8 private key in PEM".formatted(key));
    }
    handshake.heldCertificate(held, chain.subList(1, chain.size()).toArray(new X509Certificate[0]));
  }

  private List<X509Certificate> certificates(String file, String name) {
    List<X509Certificate> certificates = new ArrayList<>();
    byte[] content = text(file, name).getBytes(StandardCharsets.UTF_8);
    try {
      CertificateFactory.getInstance("X.509")
          .generateCertificates(new ByteArrayInputStream(content))
          .forEach(certificate -> certificates.add((X509Certificate) certificate));
    } catch (CertificateException e) {
      throw problem(name, "the file %s is not a certificate in PEM".formatted(file));
    }
    if (certificates.isEmpty()) {
      throw problem(name, "the file %s holds no certificate".formatted(file));
    }
    return certificates;
  }

  private String text(String file, String name) {
    try (InputStream in = Files.newInputStream(directory.resolve(file))) {
      byte[] bytes = in.readNBytes(LARGEST_FILE_BYTES + 1);
      if (bytes.length > LARGEST_FILE_BYTES) {
        throw problem(name, "the file %s is larger than 1 MiB".formatted(file));
      }
      return new String(bytes, StandardCharsets.UTF_8);
    } catch (NoSuchFileException e) {
      throw problem(name, "there is no file %s".formatted(file));
    } catch (IOException | InvalidPathException e) {
      throw problem(name, "the file %s cannot be read".formatted(file));
    }
  }

  private InvalidDocumentException problem(String name, String message) {
    String place = path.isEmpty() ? name : path + "." + name;
    return new InvalidDocumentException(
        List.of(new Problem(source, place, null, message, List.of())));
  }
}
