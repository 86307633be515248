/**
 * Region and control workers inside a Temporal application: start at {@link
 * dev.federated.worker.FederationPlugin}.
 */
@NullMarked
package dev.federated.worker;

import org.jspecify.annotations.NullMarked;
