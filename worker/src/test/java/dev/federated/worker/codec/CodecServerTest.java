package dev.federated.worker.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.util.JsonFormat;
import dev.federated.encryption.EncryptingCodec;
import dev.federated.encryption.EncryptionKeys;
import io.temporal.api.common.v1.Payload;
import io.temporal.api.common.v1.Payloads;
import io.temporal.common.converter.DefaultDataConverter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CodecServerTest {
  private static final String TOKEN = "hunter2hunter2";
  private static final String UI = "http://localhost:8233";
  private static final EncryptingCodec CODEC = codec("k1");

  private final OkHttpClient http = new OkHttpClient();
  private @Nullable CodecServer server;

  private static EncryptingCodec codec(String id) {
    return new EncryptingCodec(
        EncryptionKeys.parse(id + "=" + Base64.getEncoder().encodeToString(new byte[32])));
  }

  private static Payload plain() {
    return DefaultDataConverter.newDefaultInstance().toPayload("CANARY").orElseThrow();
  }

  private void start(@Nullable String token) throws IOException {
    server = CodecServer.start("127.0.0.1", 0, CODEC, token, List.of(UI));
  }

  @AfterEach
  void stop() {
    if (server != null) {
      server.close();
    }
    http.dispatcher().executorService().shutdown();
    http.connectionPool().evictAll();
  }

  private record Answer(int status, String body, Map<String, String> headers) {}

  private Answer post(String path, String body, String... headers) throws IOException {
    return call("POST", path, RequestBody.create(body, MediaType.get("application/json")), headers);
  }

  private Answer call(String method, String path, @Nullable RequestBody body, String... headers)
      throws IOException {
    Request.Builder request = new Request.Builder().url(server.uri() + path).method(method, body);
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    try (Response response = http.newCall(request.build()).execute()) {
      Map<String, String> all = new HashMap<>();
      response.headers().forEach(pair -> all.put(pair.getFirst(), pair.getSecond()));
      return new Answer(response.code(), response.body().string(), all);
    }
  }

  private static String json(List<Payload> payloads) throws IOException {
    return JsonFormat.printer().print(Payloads.newBuilder().addAllPayloads(payloads));
  }

  private static List<Payload> payloads(String json) throws IOException {
    Payloads.Builder payloads = Payloads.newBuilder();
    JsonFormat.parser().merge(json, payloads);
    return payloads.getPayloadsList();
  }

  @Test
  void anotherAddressThanLoopbackNeedsAToken() {
    assertThatThrownBy(() -> CodecServer.start("0.0.0.0", 0, CODEC, null, List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("without a token");
  }

  @Test
  void withoutTheTokenNothingIsDecrypted() throws IOException {
    start(TOKEN);
    String encrypted = json(CODEC.encode(List.of(plain())));
    for (String[] headers :
        new String[][] {
          {},
          {"Authorization", "Bearer " + TOKEN + "x"},
          {"Authorization", TOKEN},
          {"Authorization", "Basic " + TOKEN}
        }) {
      for (String path : List.of("/decode", "/encode")) {
        Answer answer = post(path, encrypted, headers);
        assertThat(answer.status()).isEqualTo(401);
        assertThat(answer.body()).doesNotContain(TOKEN);
      }
    }
  }

  @Test
  void aPageOfAnotherOriginIsRefusedEvenWithTheToken() throws IOException {
    start(TOKEN);
    Answer answer =
        post(
            "/decode",
            json(CODEC.encode(List.of(plain()))),
            "Authorization",
            "Bearer " + TOKEN,
            "Origin",
            "https://evil.example");
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.headers()).doesNotContainKey("Access-Control-Allow-Origin");
  }

  /** A page that points a name of its own at 127.0.0.1 is of "the same origin" there. */
  @Test
  void withoutTokenItServesUnderLoopbackNamesOnly() throws IOException {
    start(null);
    assertThat(raw("evil.example")).startsWith("HTTP/1.1 401");
    assertThat(raw("localhost:1")).startsWith("HTTP/1.1 200");
  }

  private String raw(String host) throws IOException {
    String body = "{}";
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.uri().getPort())) {
      OutputStream out = socket.getOutputStream();
      out.write(
          ("POST /decode HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n"
                  + "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s")
              .formatted(host, body.length(), body)
              .getBytes(StandardCharsets.US_ASCII));
      out.flush();
      ByteArrayOutputStream in = new ByteArrayOutputStream();
      socket.getInputStream().transferTo(in);
      return in.toString(StandardCharsets.UTF_8);
    }
  }

  @Test
  void whatIsNoPayloadIsRefusedWithoutRepeatingIt() throws IOException {
    start(null);
    for (String body : List.of("CANARY", "{\"payloads\": \"CANARY\"}", "[]", "{\"CANARY\": 1}")) {
      Answer answer = post("/decode", body);
      assertThat(answer.status()).as(body).isEqualTo(400);
      assertThat(answer.body()).doesNotContain("CANARY");
    }
    assertThat(post("/other", "{}").status()).isEqualTo(404);
    assertThat(call("GET", "/decode", null).status()).isEqualTo(405);
    assertThat(
            call("POST", "/decode", RequestBody.create("{}", MediaType.get("text/plain"))).status())
        .isEqualTo(415);
  }

  @Test
  void aBodyBeyondTheLimitIsRefused() throws IOException {
    start(null);
    HttpURLConnection connection =
        (HttpURLConnection) URI.create(server.uri() + "/decode").toURL().openConnection();
    connection.setRequestMethod("POST");
    connection.setDoOutput(true);
    connection.setRequestProperty("Content-Type", "application/json");
    connection.setFixedLengthStreamingMode(CodecServer.MAX_BODY_BYTES + 1);
    byte[] chunk = new byte[64 * 1024];
    try (OutputStream out = connection.getOutputStream()) {
      int left = CodecServer.MAX_BODY_BYTES + 1;
      while (left > 0) {
        int now = Math.min(left, chunk.length);
        out.write(chunk, 0, now);
        left -= now;
      }
    }
    assertThat(connection.getResponseCode()).isEqualTo(413);
  }

  @Test
  void aPayloadOfAnotherKeyIsRefusedByTheNameOfTheKey() throws IOException {
    start(null);
    Answer answer = post("/decode", json(codec("k2").encode(List.of(plain()))));
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.body()).contains("key 'k2'").contains("only k1");
  }

  @Test
  void payloadsAreDecryptedAndThoseThatAreNotEncryptedStayAsTheyAre() throws IOException {
    start(TOKEN);
    List<Payload> mixed = List.of(CODEC.encode(List.of(plain())).get(0), plain());
    Answer answer =
        post("/decode", json(mixed), "Authorization", "Bearer " + TOKEN, "X-Namespace", "default");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(payloads(answer.body())).containsExactly(plain(), plain());
    assertThat(answer.headers()).containsEntry("Cache-control", "no-store");
  }

  @Test
  void whatIsEncodedHereIsDecodedHere() throws IOException {
    start(null);
    Answer encoded = post("/encode", json(List.of(plain())));
    assertThat(encoded.body()).contains("encryption-key-id");
    assertThat(payloads(post("/decode", encoded.body()).body())).containsExactly(plain());
  }

  @Test
  void theUiMayAskFirstAndSendItsTokenAndNamespace() throws IOException {
    start(TOKEN);
    Answer preflight =
        call(
            "OPTIONS",
            "/decode",
            null,
            "Origin",
            UI,
            "Access-Control-Request-Method",
            "POST",
            "Access-Control-Request-Headers",
            "authorization,content-type,x-namespace");
    assertThat(preflight.status()).isEqualTo(204);
    assertThat(preflight.headers())
        .containsEntry("Access-control-allow-origin", UI)
        .containsEntry("Access-control-allow-headers", "Authorization, Content-Type, X-Namespace");
    Answer decoded = post("/decode", "{}", "Origin", UI, "Authorization", "Bearer " + TOKEN);
    assertThat(decoded.status()).isEqualTo(200);
    assertThat(decoded.headers()).containsEntry("Access-control-allow-origin", UI);
  }
}
