package dev.federated.starter.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The version of the build, of Temporal's SDK and of Java. */
final class Version implements IVersionProvider {
  private static final String RESOURCE = "version.properties";

  @Override
  public String[] getVersion() throws IOException {
    Properties properties = new Properties();
    try (InputStream in = Version.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IOException(RESOURCE + " is missing from the build");
      }
      properties.load(in);
    }
    return new String[] {
      "federate %s (Temporal SDK %s, Java %s)"
          .formatted(
              properties.getProperty("version"),
              properties.getProperty("temporal"),
              Runtime.version().feature())
    };
  }
}
