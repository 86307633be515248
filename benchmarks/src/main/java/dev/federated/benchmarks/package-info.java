/**
 * Tables of what federated execution costs beside what one would write by hand. Everything in a
 * table is measured in one run, interleaved, and read as ratios; start at {@link
 * dev.federated.benchmarks.Benchmarks}.
 */
@NullMarked
package dev.federated.benchmarks;

import org.jspecify.annotations.NullMarked;
