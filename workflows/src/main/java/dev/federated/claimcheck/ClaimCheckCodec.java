package dev.federated.claimcheck;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.federated.encryption.EncryptingCodec;
import dev.federated.encryption.EncryptionKeys;
import io.temporal.api.common.v1.Payload;
import io.temporal.payload.codec.PayloadCodec;
import io.temporal.workflow.unsafe.WorkflowUnsafe;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Puts the large parts of payloads into a store. What stays is a reference: the payload's bytes
 * without those parts, and in the metadata where each belongs, its length, its SHA-256 and its
 * address. Payloads that are no references are read as they are.
 *
 * <p>A blob is a payload in itself, compressed, and encrypted where there are keys. Its address is
 * then keyed as well, so that whoever can list the store cannot tell which content it is; without
 * keys it is the SHA-256.
 */
final class ClaimCheckCodec implements PayloadCodec {
  /** The metadata {@code encoding} of a reference. */
  static final String ENCODING = "binary/claim-check";

  /** The metadata that holds the encoding of the payload that a reference stands for. */
  static final String ENCODING_METADATA = "claim-check-encoding";

  /** The metadata that holds a line for each part: offset, length, SHA-256 and address. */
  static final String PARTS_METADATA = "claim-check-parts";

  private static final String ENCODING_KEY = "encoding";
  private static final ByteString REFERENCE = ByteString.copyFromUtf8(ENCODING);
  private static final ByteString JSON = ByteString.copyFromUtf8("json/plain");
  private static final ByteString DEFLATED = ByteString.copyFromUtf8("binary/deflate");
  private static final Pattern PART =
      Pattern.compile("(\\d{1,10}) (\\d{1,10}) ([0-9a-f]{64}) ([0-9a-f]{64})");

  private final @Nullable BlobStore store;
  private final int threshold;
  private final EncryptionKeys keys;
  private final EncryptingCodec encryption;
  private final @Nullable LargeDataUse use;

  /**
   * Over a store.
   *
   * @param store null if there is none: nothing is replaced then, and references are refused
   * @param threshold bytes of a payload that stay where they are
   * @param keys what blobs are encrypted with; none: they are not
   */
  ClaimCheckCodec(@Nullable BlobStore store, int threshold, EncryptionKeys keys) {
    this.store = store;
    this.threshold = threshold;
    this.keys = keys;
    this.encryption = new EncryptingCodec(keys);
    this.use = store == null ? null : LargeDataUse.of(store);
  }

  @Override
  public List<Payload> encode(List<Payload> payloads) {
    BlobStore to = store;
    if (to == null || use == null || payloads.stream().noneMatch(this::large)) {
      return payloads;
    }
    return WorkflowUnsafe.deadlockDetectorOff(
        () ->
            payloads.stream()
                .map(payload -> large(payload) ? deposit(payload, to, use) : payload)
                .toList());
  }

  /**
   * Reads what references stand for.
   *
   * @throws LargeDataException if the store does not give it, or gives something else
   */
  @Override
  public List<Payload> decode(List<Payload> payloads) {
    if (payloads.stream().noneMatch(ClaimCheckCodec::isReference)) {
      return payloads;
    }
    return WorkflowUnsafe.deadlockDetectorOff(
        () ->
            payloads.stream()
                .map(payload -> isReference(payload) ? collect(payload) : payload)
                .toList());
  }

  private boolean large(Payload payload) {
    return payload.getData().size() > threshold && !isReference(payload);
  }

  private static boolean isReference(Payload payload) {
    return REFERENCE.equals(payload.getMetadataMap().get(ENCODING_KEY));
  }

  private Payload deposit(Payload payload, BlobStore to, LargeDataUse counts) {
    byte[] bytes = payload.getData().toByteArray();
    ByteString encoding = payload.getMetadataMap().getOrDefault(ENCODING_KEY, ByteString.EMPTY);
    List<LargeParts.Part> parts =
        encoding.equals(JSON)
            ? LargeParts.of(bytes, threshold)
            : List.of(new LargeParts.Part(0, bytes.length));
    ByteString.Output rest = ByteString.newOutput();
    List<String> lines = new ArrayList<>();
    int copied = 0;
    for (LargeParts.Part part : parts) {
      byte[] content = Arrays.copyOfRange(bytes, part.start(), part.end());
      byte[] digest = digest(content);
      String address = HexFormat.of().formatHex(keys.isEmpty() ? digest : keys.mac(digest));
      put(to, counts, address, content);
      lines.add(
          "%d %d %s %s"
              .formatted(part.start(), part.length(), HexFormat.of().formatHex(digest), address));
      rest.write(bytes, copied, part.start() - copied);
      copied = part.end();
    }
    rest.write(bytes, copied, bytes.length - copied);
    return payload.toBuilder()
        .putMetadata(ENCODING_KEY, REFERENCE)
        .putMetadata(ENCODING_METADATA, encoding)
        .putMetadata(PARTS_METADATA, ByteString.copyFromUtf8(String.join("\n", lines)))
        .setData(rest.toByteString())
        .build();
  }

  private void put(BlobStore to, LargeDataUse counts, String address, byte[] content) {
    try {
      if (to.keep(address)) {
        counts.found();
        return;
      }
      Payload blob =
          Payload.newBuilder()
              .putMetadata(ENCODING_KEY, DEFLATED)
              .setData(ByteString.copyFrom(deflated(content)))
              .build();
      byte[] stored = encryption.encode(List.of(blob)).get(0).toByteArray();
      to.put(address, stored);
      counts.wrote(stored.length);
    } catch (IOException e) {
      counts.failed();
      throw new LargeDataException(
          "%d bytes cannot be written to the store of large data, %s: %s; check %s and what it names"
              .formatted(content.length, to, e, LargeData.VARIABLE),
          e);
    }
  }

  private Payload collect(Payload reference) {
    ByteString rest = reference.getData();
    ByteString lines = reference.getMetadataMap().getOrDefault(PARTS_METADATA, ByteString.EMPTY);
    ByteString data = ByteString.EMPTY;
    int taken = 0;
    for (String line : lines.toStringUtf8().split("\n", -1)) {
      Matcher part = PART.matcher(line);
      if (!part.matches()) {
        throw new LargeDataException(
            "a payload with encoding %s does not say which parts it has".formatted(ENCODING), null);
      }
      long between = Long.parseLong(part.group(1)) - data.size();
      if (between < 0 || between > rest.size() - taken) {
        throw new LargeDataException(
            "a payload with encoding %s has parts outside of it".formatted(ENCODING), null);
      }
      data =
          data.concat(rest.substring(taken, taken + (int) between))
              .concat(
                  ByteString.copyFrom(
                      get(part.group(4), Long.parseLong(part.group(2)), part.group(3))));
      taken += (int) between;
    }
    Payload.Builder payload = reference.toBuilder();
    ByteString encoding =
        reference.getMetadataMap().getOrDefault(ENCODING_METADATA, ByteString.EMPTY);
    payload.removeMetadata(ENCODING_METADATA).removeMetadata(PARTS_METADATA);
    if (encoding.isEmpty()) {
      payload.removeMetadata(ENCODING_KEY);
    } else {
      payload.putMetadata(ENCODING_KEY, encoding);
    }
    return payload.setData(data.concat(rest.substring(taken))).build();
  }

  private byte[] get(String address, long length, String digest) {
    BlobStore from = store;
    LargeDataUse counts = use;
    if (from == null || counts == null) {
      throw new LargeDataException(
          "a payload refers to %d bytes of large data, %s, and this process has no store; set %s as its other processes have it"
              .formatted(length, address, LargeData.VARIABLE),
          null);
    }
    boolean read = false;
    try {
      byte[] content = get(from, counts, address, length, digest);
      read = true;
      return content;
    } finally {
      if (!read) {
        counts.failed();
      }
    }
  }

  private byte[] get(
      BlobStore from, LargeDataUse counts, String address, long length, String digest) {
    byte[] stored;
    try {
      stored = from.get(address);
    } catch (IOException e) {
      throw new LargeDataException(
          "large data %s (%d bytes) cannot be read from %s: %s; check %s and what it names"
              .formatted(address, length, from, e, LargeData.VARIABLE),
          e);
    }
    if (stored == null) {
      throw new LargeDataException(
          "large data %s (%d bytes) is not in %s: it has expired there (%s), or %s names another store than it was written to"
              .formatted(address, length, from, LargeData.EXPIRY_VARIABLE, LargeData.VARIABLE),
          null);
    }
    byte[] content;
    try {
      content = content(stored, length);
    } catch (IOException e) {
      throw changed(address, length, from, e);
    }
    if (content.length != length || !HexFormat.of().formatHex(digest(content)).equals(digest)) {
      throw changed(address, length, from, null);
    }
    counts.read(stored.length);
    return content;
  }

  private byte[] content(byte[] stored, long length) throws IOException {
    Payload blob;
    try {
      blob = encryption.decode(List.of(Payload.parseFrom(stored))).get(0);
    } catch (InvalidProtocolBufferException e) {
      throw new IOException(e);
    }
    try (InputStream in =
        new InflaterInputStream(new ByteArrayInputStream(blob.getData().toByteArray()))) {
      // One byte more than there should be tells that it is too long.
      return in.readNBytes((int) Math.min(length + 1, Integer.MAX_VALUE));
    }
  }

  private static LargeDataException changed(
      String address, long length, BlobStore from, @Nullable Throwable cause) {
    return new LargeDataException(
        "large data %s (%d bytes) in %s is not what was written there: its SHA-256 differs; restore it, or remove it and start what needs it anew"
            .formatted(address, length, from),
        cause);
  }

  private static byte[] deflated(byte[] content) throws IOException {
    Deflater deflater = new Deflater(Deflater.BEST_SPEED);
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream(content.length / 4);
      try (DeflaterOutputStream out = new DeflaterOutputStream(bytes, deflater)) {
        out.write(content);
      }
      return bytes.toByteArray();
    } finally {
      deflater.end();
    }
  }

  private static byte[] digest(byte[] content) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(content);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
