/** Tests of what operators see in Temporal's own UI, in a browser. */
@NullMarked
package dev.federated.starter.ui;

import org.jspecify.annotations.NullMarked;
