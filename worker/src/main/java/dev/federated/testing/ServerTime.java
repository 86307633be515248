package dev.federated.testing;

import com.google.protobuf.Empty;
import com.google.protobuf.Timestamp;
import io.temporal.api.testservice.v1.SleepRequest;
import io.temporal.api.testservice.v1.TestServiceGrpc;
import io.temporal.api.testservice.v1.UnlockTimeSkippingRequest;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/** The time of Temporal's in-JVM server, which skips what nobody works in. */
final class ServerTime extends Clock {
  private final TestServiceGrpc.TestServiceBlockingStub server;

  /** Of the server that those stubs are connected to. */
  ServerTime(WorkflowServiceStubs stubs) {
    this.server = TestServiceGrpc.newBlockingStub(stubs.getRawChannel());
  }

  @Override
  public Instant instant() {
    Timestamp now = server.getCurrentTime(Empty.getDefaultInstance()).getTime();
    return Instant.ofEpochSecond(now.getSeconds(), now.getNanos());
  }

  /**
   * Lets that much time pass, inside an activity: the server holds time while an activity runs, and
   * this gives that hold back for as long.
   */
  void pass(Duration duration) {
    var unused =
        server.unlockTimeSkippingWithSleep(
            SleepRequest.newBuilder()
                .setDuration(
                    com.google.protobuf.Duration.newBuilder()
                        .setSeconds(duration.getSeconds())
                        .setNanos(duration.getNano()))
                .build());
  }

  /** Takes one hold off the time. */
  void release() {
    var unused = server.unlockTimeSkipping(UnlockTimeSkippingRequest.getDefaultInstance());
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    throw new UnsupportedOperationException("the server's time is UTC");
  }
}
