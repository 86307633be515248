package dev.federated.claimcheck;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Where large parts of payloads are kept, each under an address that its content decides.
 * Implementations are thread-safe; several processes use one store at once. Their text form is what
 * messages call the store, and holds no secret.
 */
interface BlobStore extends AutoCloseable {
  /**
   * Keeps a blob for a whole expiry from now on, if it is there.
   *
   * @param address 64 hexadecimal digits
   * @return false if it is not there or has expired; it has to be put then
   */
  boolean keep(String address) throws IOException;

  /** Stores a blob, whole or not at all; one that is there already is written anew. */
  void put(String address, byte[] content) throws IOException;

  /** The blob, or null if it is not there. */
  byte @Nullable [] get(String address) throws IOException;

  /**
   * Removes what nobody has kept or put for an expiry.
   *
   * @return how many blobs were removed
   */
  int sweep() throws IOException;

  @Override
  void close();
}
