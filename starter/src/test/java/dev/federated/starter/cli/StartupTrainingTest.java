package dev.federated.starter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The training run of the launcher, by the JVM that runs this test. */
@Timeout(240)
class StartupTrainingTest {
  private static final boolean CACHE = Runtime.version().feature() >= 25;

  @TempDir private Path directory;

  @Test
  void aCommandTakesMostOfItsClassesFromWhatTheTrainingLeft() throws Exception {
    Path archive = directory.resolve("archive");
    Path scratch = Files.createDirectory(directory.resolve("scratch"));
    String made = (CACHE ? "-XX:AOTCacheOutput=" : "-XX:ArchiveClassesAtExit=") + archive;
    java(List.of(made), StartupTraining.class.getName(), scratch.toString());

    String used = (CACHE ? "-XX:AOTCache=" : "-XX:SharedArchiveFile=") + archive;
    String loaded =
        java(
            List.of(used, "-Xlog:class+load"),
            Federate.class.getName(),
            "validate",
            scratch.resolve("pipeline.json").toString());

    List<String> ofLibraries =
        loaded.lines().filter(line -> line.contains(" com.fasterxml.jackson.")).toList();
    assertThat(ofLibraries).hasSizeGreaterThan(100);
    long shared = ofLibraries.stream().filter(line -> line.contains("shared objects file")).count();
    assertThat(shared).isGreaterThan(ofLibraries.size() * 8L / 10);
  }

  /** The class path without tests; an archive takes classes from jars only. */
  private String jars() throws IOException {
    List<String> jars = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path path = Path.of(entry);
      if (!Files.isDirectory(path)) {
        jars.add(entry);
      } else if (Files.exists(path.resolve("dev/federated"))
          && !path.endsWith("test-classes")
          && !path.getFileName().toString().endsWith("-test")) {
        jars.add(jar(path, directory.resolve("classes-%d.jar".formatted(jars.size()))));
      }
    }
    return String.join(File.pathSeparator, jars);
  }

  private static String jar(Path classes, Path jar) throws IOException {
    if (Files.exists(jar)) {
      return jar.toString();
    }
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
        var files = Files.walk(classes)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        out.putNextEntry(new JarEntry(classes.relativize(file).toString().replace('\\', '/')));
        Files.copy(file, out);
      }
    }
    return jar.toString();
  }

  private String java(List<String> options, String main, String... arguments) throws Exception {
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(options);
    line.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", jars(), main));
    line.addAll(List.of(arguments));
    Path output = directory.resolve("output");
    Process process =
        new ProcessBuilder(line)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = process.waitFor(200, TimeUnit.SECONDS);
    process.destroyForcibly();
    String written = Files.readString(output, StandardCharsets.UTF_8);
    assertThat(ended && process.waitFor() == 0).as(written).isTrue();
    return written;
  }
}
