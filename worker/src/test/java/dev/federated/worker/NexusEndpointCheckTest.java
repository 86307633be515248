package dev.federated.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.model.RegionSnapshot;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class NexusEndpointCheckTest {
  private final List<String> warnings = new ArrayList<>();

  private static RegionSnapshot region(String name) {
    return RegionSnapshot.builder(name).nexusEndpoint("to-" + name).build();
  }

  @Test
  void aRegionWhoseEndpointDoesNotExistIsWarnedOf() {
    new NexusEndpointCheck(() -> Set.of("to-us"), warnings::add)
        .look(List.of(region("us"), region("eu"), RegionSnapshot.builder("near").build()));

    assertThat(warnings)
        .singleElement()
        .asString()
        .contains("region eu", "'to-eu'", "nexus endpoint create");
  }

  @Test
  void aServerThatDoesNotTellIsNoNews() {
    new NexusEndpointCheck(
            () -> {
              throw Status.PERMISSION_DENIED.asRuntimeException();
            },
            warnings::add)
        .look(List.of(region("eu")));

    assertThat(warnings).isEmpty();
  }

  @Test
  void aFederationWithoutEndpointsAsksNothing() {
    new NexusEndpointCheck(
            () -> {
              throw new AssertionError("it asked");
            },
            warnings::add)
        .look(
            List.of(
                RegionSnapshot.builder("near").build(),
                RegionSnapshot.builder("off").nexusEndpoint("to-off").enabled(false).build()));

    assertThat(warnings).isEmpty();
  }
}
