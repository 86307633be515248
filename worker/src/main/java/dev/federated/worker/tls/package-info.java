/** Certificates and keys of HTTPS, to regions and of region nodes, from PEM files. */
@NullMarked
package dev.federated.worker.tls;

import org.jspecify.annotations.NullMarked;
