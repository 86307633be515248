package dev.federated.starter.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How large a worker is at one time, as the JDK's own {@code jcmd} and the worker's metrics say.
 *
 * @param heapBytes bytes of objects that are alive, after a collection of all garbage
 * @param threads platform threads
 * @param series lines of its metrics that are not comments
 */
record ProcessSize(double heapBytes, double threads, double series) {
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final Pattern TOTAL = Pattern.compile("Total\\s+\\d+\\s+(\\d+)");
  private static final Pattern THREADS = Pattern.compile("java\\.threads\\.live=(\\d+)");

  /** Collects garbage there and measures. */
  static ProcessSize of(FederateProcess process) throws IOException, InterruptedException {
    return new ProcessSize(
        number(TOTAL, jcmd(process, "GC.class_histogram")),
        number(THREADS, jcmd(process, "PerfCounter.print")),
        metrics(process).lines().filter(line -> !line.startsWith("#")).count());
  }

  private static String jcmd(FederateProcess process, String command)
      throws IOException, InterruptedException {
    Process jcmd =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                Long.toString(process.pid()),
                command)
            .redirectErrorStream(true)
            .start();
    String output = new String(jcmd.getInputStream().readAllBytes(), UTF_8);
    assertThat(jcmd.waitFor()).as(output).isZero();
    return output;
  }

  private static double number(Pattern pattern, String output) {
    Matcher matcher = pattern.matcher(output);
    assertThat(matcher.find()).as("%s in what jcmd says", pattern).isTrue();
    return Double.parseDouble(matcher.group(1));
  }

  private static String metrics(FederateProcess process) throws IOException, InterruptedException {
    return HTTP.send(
            HttpRequest.newBuilder(URI.create(process.ready("metrics"))).build(),
            HttpResponse.BodyHandlers.ofString())
        .body();
  }
}
