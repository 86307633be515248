/**
 * What workers tell the ledger and read from it, and the count of closed stages. Start at {@link
 * dev.federated.activities.ledger.LedgerLink}.
 */
@NullMarked
package dev.federated.activities.ledger;

import org.jspecify.annotations.NullMarked;
