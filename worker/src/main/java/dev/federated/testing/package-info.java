/**
 * Failover drills: a federation whose regions do what a script says, and nothing real is called.
 * Tests start at {@link dev.federated.testing.FederationExtension}, which needs {@code
 * temporal-testing} and JUnit on the test classpath; {@link dev.federated.testing.ScriptedWorkers}
 * needs neither.
 */
@NullMarked
package dev.federated.testing;

import org.jspecify.annotations.NullMarked;
