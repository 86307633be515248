package dev.federated.starter.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;

/** The stdout of this process, which remembers whether anything was written to it. */
final class Stdout extends FilterOutputStream {
  private volatile boolean used;

  Stdout() {
    super(new FileOutputStream(FileDescriptor.out));
  }

  /** Whether anything was written. */
  boolean used() {
    return used;
  }

  @Override
  public void write(int value) throws IOException {
    used = true;
    out.write(value);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    used = true;
    out.write(bytes, offset, length);
  }
}
