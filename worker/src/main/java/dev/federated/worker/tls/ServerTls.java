package dev.federated.worker.tls;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;

/**
 * What an HTTPS server shows and asks for. Its text form shows no key.
 *
 * @param context its certificate and the clients that it trusts
 * @param clients whether clients need a certificate
 */
public record ServerTls(SSLContext context, boolean clients) {
  /** For the JDK's HTTPS server. */
  public HttpsConfigurator configurator() {
    return new HttpsConfigurator(context) {
      @Override
      public void configure(HttpsParameters connection) {
        SSLParameters parameters = context.getDefaultSSLParameters();
        parameters.setProtocols(new String[] {"TLSv1.3", "TLSv1.2"});
        parameters.setNeedClientAuth(clients);
        connection.setSSLParameters(parameters);
      }
    };
  }
}
