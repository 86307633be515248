package dev.federated.encryption;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.temporal.api.common.v1.Payload;
import io.temporal.common.converter.DataConverterException;
import io.temporal.payload.codec.PayloadCodec;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.ProviderException;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;

/**
 * Encrypts payloads with AES-256-GCM. An encrypted payload says in its metadata how and with which
 * key; both are authenticated with it. Its data are a nonce of 12 bytes, fresh for each payload,
 * and the encrypted payload with a tag of 16 bytes. Payloads that are not encrypted are read as
 * they are, so that histories from before stay readable.
 */
public final class EncryptingCodec implements PayloadCodec {
  /** The metadata {@code encoding} of an encrypted payload. */
  public static final String ENCODING = "binary/aes-256-gcm";

  private static final String ENCODING_METADATA = "encoding";

  /** The metadata that holds the id of the key. */
  public static final String KEY_METADATA = "encryption-key-id";

  private static final ByteString ENCODING_BYTES = ByteString.copyFromUtf8(ENCODING);
  private static final String CIPHER = "AES/GCM/NoPadding";
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  private final EncryptionKeys keys;

  /** With those keys; without any it only reads. */
  public EncryptingCodec(EncryptionKeys keys) {
    this.keys = keys;
  }

  @Override
  public List<Payload> encode(List<Payload> payloads) {
    return keys.isEmpty() ? payloads : payloads.stream().map(this::encrypt).toList();
  }

  /**
   * Decrypts.
   *
   * @throws UnknownEncryptionKeyException if a payload needs a key that is not there
   * @throws DataConverterException if a payload was changed after it was encrypted
   */
  @Override
  public List<Payload> decode(List<Payload> payloads) {
    return payloads.stream().map(this::decrypt).toList();
  }

  private Payload encrypt(Payload payload) {
    String id = keys.ids().iterator().next();
    try {
      Cipher cipher = Cipher.getInstance(CIPHER);
      // Without parameters the cipher takes a fresh random nonce.
      cipher.init(Cipher.ENCRYPT_MODE, keys.key(id));
      cipher.updateAAD(authenticated(id));
      byte[] encrypted = cipher.doFinal(payload.toByteArray());
      return Payload.newBuilder()
          .putMetadata(ENCODING_METADATA, ENCODING_BYTES)
          .putMetadata(KEY_METADATA, ByteString.copyFromUtf8(id))
          .setData(ByteString.copyFrom(cipher.getIV()).concat(ByteString.copyFrom(encrypted)))
          .build();
    } catch (GeneralSecurityException | ProviderException e) {
      throw new DataConverterException("a payload cannot be encrypted with key '" + id + "'", e);
    }
  }

  private Payload decrypt(Payload payload) {
    if (!ENCODING_BYTES.equals(payload.getMetadataMap().get(ENCODING_METADATA))) {
      return payload;
    }
    String id =
        payload.getMetadataMap().getOrDefault(KEY_METADATA, ByteString.EMPTY).toStringUtf8();
    ByteBuffer data = payload.getData().asReadOnlyByteBuffer();
    byte[] nonce = new byte[NONCE_BYTES];
    byte[] encrypted = new byte[Math.max(0, data.remaining() - NONCE_BYTES)];
    try {
      Cipher cipher = Cipher.getInstance(CIPHER);
      if (data.remaining() >= NONCE_BYTES) {
        data.get(nonce).get(encrypted);
      }
      cipher.init(Cipher.DECRYPT_MODE, keys.key(id), new GCMParameterSpec(TAG_BITS, nonce));
      cipher.updateAAD(authenticated(id));
      return Payload.parseFrom(cipher.doFinal(encrypted));
    } catch (GeneralSecurityException | ProviderException | InvalidProtocolBufferException e) {
      throw new DataConverterException(
          "a payload cannot be decrypted with key '%s': it was changed, or another key has that id"
              .formatted(id),
          e);
    }
  }

  private static byte[] authenticated(String id) {
    return (ENCODING + '\0' + id).getBytes(StandardCharsets.UTF_8);
  }
}
