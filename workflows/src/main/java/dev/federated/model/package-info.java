/**
 * Records of a federation: its regions, a stage's federation block, the recorded snapshot and the
 * results. Depends on no other package of this product.
 */
@NullMarked
package dev.federated.model;

import org.jspecify.annotations.NullMarked;
