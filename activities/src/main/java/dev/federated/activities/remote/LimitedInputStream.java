package dev.federated.activities.remote;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** Fails after a number of bytes, so that nobody reads an endless answer. */
final class LimitedInputStream extends FilterInputStream {
  private final long limit;
  private long count;

  LimitedInputStream(InputStream in, long limit) {
    super(in);
    this.limit = limit;
  }

  /** Whether there was more than the limit. */
  boolean exceeded() {
    return count > limit;
  }

  @Override
  public int read() throws IOException {
    int read = super.read();
    if (read >= 0) {
      counted(1);
    }
    return read;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    int read = super.read(buffer, offset, length);
    if (read > 0) {
      counted(read);
    }
    return read;
  }

  @Override
  public long skip(long n) {
    throw new UnsupportedOperationException("skipped bytes would not be counted");
  }

  private void counted(int more) throws IOException {
    count += more;
    if (count > limit) {
      throw new IOException("more than " + limit + " bytes");
    }
  }
}
