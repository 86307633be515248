package dev.federated.claimcheck;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.model.MetadataDirective;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Blobs as objects of a bucket of S3, or of what speaks its protocol. Credentials come by the AWS
 * default chain: environment, profile, or the identity of the machine. An object's time of
 * modification is when its blob was last put; keeping it copies it onto itself once half of the
 * expiry has passed.
 */
final class S3BlobStore implements BlobStore {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration READ_TIMEOUT = Duration.ofSeconds(30);

  /** The region of signatures where a server of one's own asks for none. */
  private static final Region ANY_REGION = Region.US_EAST_1;

  private final String bucket;
  private final String prefix;
  private final @Nullable URI endpoint;
  private final @Nullable String region;
  private final Duration expiry;
  private final InstantSource clock;
  private @Nullable S3Client client;

  /**
   * Over a bucket; connects to nothing yet.
   *
   * @param prefix empty, or what every key begins with, and its slash
   * @param endpoint of a server other than AWS, which is addressed by paths; null for AWS
   * @param region null for that of the AWS default chain
   * @param expiry how long a blob is kept after it was last put or kept
   */
  S3BlobStore(
      String bucket,
      String prefix,
      @Nullable URI endpoint,
      @Nullable String region,
      Duration expiry,
      InstantSource clock) {
    this.bucket = bucket;
    this.prefix = prefix;
    this.endpoint = endpoint;
    this.region = region;
    this.expiry = expiry;
    this.clock = clock;
  }

  /** Made with the first blob: loading the SDK takes longer than most commands. */
  private synchronized S3Client client() {
    if (client == null) {
      S3ClientBuilder builder =
          S3Client.builder()
              .httpClientBuilder(
                  UrlConnectionHttpClient.builder()
                      .connectionTimeout(CONNECT_TIMEOUT)
                      .socketTimeout(READ_TIMEOUT))
              // Blobs are in memory anyway, and not every server reads signed chunks.
              .serviceConfiguration(service -> service.chunkedEncodingEnabled(false))
              // Content is verified by its SHA-256; not every server knows these checksums.
              .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
              .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED);
      if (endpoint != null) {
        builder.endpointOverride(endpoint).forcePathStyle(true);
      }
      if (region != null) {
        builder.region(Region.of(region));
      } else if (endpoint != null) {
        builder.region(ANY_REGION);
      }
      client = builder.build();
    }
    return client;
  }

  @Override
  public boolean keep(String address) throws IOException {
    String key = prefix + address;
    try {
      Instant written =
          client().headObject(request -> request.bucket(bucket).key(key)).lastModified();
      if (expired(written)) {
        return false;
      }
      if (written.plus(expiry.dividedBy(2)).isBefore(clock.instant())) {
        var unused =
            client()
                .copyObject(
                    request ->
                        request
                            .sourceBucket(bucket)
                            .sourceKey(key)
                            .destinationBucket(bucket)
                            .destinationKey(key)
                            // A copy onto itself has to change something.
                            .metadataDirective(MetadataDirective.REPLACE));
      }
      return true;
    } catch (NoSuchKeyException e) {
      return false;
    } catch (SdkException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  @Override
  public void put(String address, byte[] content) throws IOException {
    try {
      var unused =
          client()
              .putObject(
                  request -> request.bucket(bucket).key(prefix + address),
                  RequestBody.fromBytes(content));
    } catch (SdkException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  @Override
  public byte @Nullable [] get(String address) throws IOException {
    try {
      return client()
          .getObjectAsBytes(request -> request.bucket(bucket).key(prefix + address))
          .asByteArrayUnsafe();
    } catch (NoSuchKeyException e) {
      return null;
    } catch (SdkException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  @Override
  public int sweep() throws IOException {
    int removed = 0;
    try {
      for (S3Object object :
          client()
              .listObjectsV2Paginator(request -> request.bucket(bucket).prefix(prefix))
              .contents()) {
        if (expired(object.lastModified())
            && LargeData.ADDRESS.matcher(object.key().substring(prefix.length())).matches()) {
          var unused = client().deleteObject(request -> request.bucket(bucket).key(object.key()));
          removed++;
        }
      }
    } catch (SdkException e) {
      throw new IOException(e.getMessage(), e);
    }
    return removed;
  }

  private boolean expired(Instant time) {
    return time.plus(expiry).isBefore(clock.instant());
  }

  @Override
  public synchronized void close() {
    if (client != null) {
      client.close();
    }
  }

  @Override
  public String toString() {
    return "bucket %s%s%s"
        .formatted(
            bucket,
            prefix.isEmpty() ? "" : "/" + prefix,
            endpoint == null ? "" : " at " + endpoint);
  }
}
