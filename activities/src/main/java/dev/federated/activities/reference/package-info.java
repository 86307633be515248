/**
 * Inputs by reference, which a region's worker reads where it runs. Start at {@link
 * dev.federated.activities.reference.InputReferences}.
 */
@NullMarked
package dev.federated.activities.reference;

import org.jspecify.annotations.NullMarked;
