/** Tests of the components. */
@NullMarked
package dev.federated.activities.component;

import org.jspecify.annotations.NullMarked;
