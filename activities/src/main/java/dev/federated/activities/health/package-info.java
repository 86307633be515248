/**
 * What a control worker knows of its regions, and the monitor that keeps it fresh. Start at {@link
 * dev.federated.activities.health.RegionView}.
 */
@NullMarked
package dev.federated.activities.health;

import org.jspecify.annotations.NullMarked;
