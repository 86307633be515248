/**
 * Strict reading of what people write: every problem of a document is found at once, each with its
 * place. Start at {@link dev.federated.parsing.FederationConfigParser}.
 */
@NullMarked
package dev.federated.parsing;

import org.jspecify.annotations.NullMarked;
