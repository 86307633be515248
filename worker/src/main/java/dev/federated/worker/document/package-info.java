/**
 * Reading of the files that people write: JSON and YAML with size and depth limits, refused
 * duplicates, and syntax errors with their line. Start at {@link
 * dev.federated.worker.document.DocumentReader}.
 */
@NullMarked
package dev.federated.worker.document;

import org.jspecify.annotations.NullMarked;
