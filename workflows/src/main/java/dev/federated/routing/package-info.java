/**
 * Region selection as a pure function of a stage's federation block and a recorded snapshot. Start
 * at {@link dev.federated.routing.RegionSelector}.
 */
@NullMarked
package dev.federated.routing;

import org.jspecify.annotations.NullMarked;
