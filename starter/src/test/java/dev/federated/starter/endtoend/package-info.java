/**
 * End-to-end tests on the real Temporal server, with workers and commands as processes of their
 * own. Start at {@link dev.federated.starter.endtoend.RealServer}.
 */
@NullMarked
package dev.federated.starter.endtoend;

import org.jspecify.annotations.NullMarked;
