package dev.federated.encryption;

import io.temporal.common.converter.DataConverterException;

/** A payload is encrypted with a key that this process was not given. */
public final class UnknownEncryptionKeyException extends DataConverterException {
  private static final long serialVersionUID = 1L;

  /**
   * For that key.
   *
   * @param id of the key that is missing
   * @param known the keys that are there, by id
   */
  UnknownEncryptionKeyException(String id, EncryptionKeys known) {
    super(
        "a payload is encrypted with key '%s', and this process has %s; add that key to %s"
            .formatted(
                id,
                known.isEmpty() ? "no keys" : "only " + String.join(", ", known.ids()),
                EncryptionKeys.VARIABLE));
  }
}
