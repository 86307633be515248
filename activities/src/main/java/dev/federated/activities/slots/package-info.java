/**
 * Holds a region to its {@code max_concurrent} however many workers serve it: the slots of this
 * worker, and the lease by which it shares them with others.
 */
@NullMarked
package dev.federated.activities.slots;

import org.jspecify.annotations.NullMarked;
