package dev.federated.worker.node;

import java.io.IOException;

/**
 * Stands around every authorised request of a {@link RegionNode}: it may answer itself, delay, or
 * change the answer, as a proxy in front of a region does.
 */
@FunctionalInterface
public interface RequestFilter {
  /** Passes every request on. */
  RequestFilter NONE = (request, next) -> next.handle(request);

  /** The node behind the filter. */
  @FunctionalInterface
  interface Next {
    /** The node's own answer. */
    NodeAnswer handle(NodeRequest request) throws IOException, InterruptedException;
  }

  /**
   * The answer that is sent.
   *
   * @throws IOException to close the connection without an answer
   * @throws InterruptedException if the node was closed meanwhile
   */
  NodeAnswer filter(NodeRequest request, Next next) throws IOException, InterruptedException;
}
