import type { Guardrails } from '../guardrails/guardrails.js';
import type { CollectionOptions } from '../collections/collection-options.js';
import type { OidcOptions } from '../identity/oidc/oidc-options.js';
import type { RateLimitOptions } from '../identity/rate-limit/rate-limit-options.js';
import type { JsonObject } from '../audit/audit-event.js';
import type { AuditOptions } from '../audit/audit-options.js';
import type { WebhookOptions } from '../notifications/webhook-options.js';
import type { RegistryName } from '../oci/names.js';
import type { RegistryOptions } from '../registries/registry-options.js';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;

/** How the registry-compatible routes find out which registry is meant, and what they may take along. */
export interface FrontConfig {
  /** By the `Host` header, lower case, with or without a port. */
  readonly hosts: ReadonlyMap<string, RegistryName>;
  readonly defaultRegistry: RegistryName | null;
  /** What DELETE of a digest that several tags name does: a registry would take them all. */
  readonly sharedDigests: 'refuse' | 'include';
}

/** Everything that Sexton was told, checked once at the start. */
export interface Config {
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** Scheme and host that clients use; null: as the request says. */
    readonly publicUrl: string | null;
    /** Addresses and networks of proxies whose `X-Forwarded-For` is believed. */
    readonly trustedProxies: readonly string[];
    readonly corsOrigins: readonly string[];
  };
  readonly rateLimit: RateLimitOptions;
  /** Absolute or relative to the working directory; holds the embedded PostgreSQL. */
  readonly dataDir: string;
  readonly adminKey: string | null;
  /** Null: the embedded PostgreSQL. */
  readonly databaseUrl: string | null;
  /** Null: BullMQ on PostgreSQL. */
  readonly redisUrl: string | null;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly registries: ReadonlyMap<RegistryName, RegistryOptions>;
  /** Registries that are collected; no other is. */
  readonly collections: ReadonlyMap<RegistryName, CollectionOptions>;
  readonly front: FrontConfig;
  readonly guardrails: Guardrails;
  /** The issuer whose tokens are accepted beside API keys; null when there is none. */
  readonly identity: { readonly oidc: OidcOptions | null };
  readonly audit: AuditOptions;
  readonly notifications: { readonly webhooks: WebhookOptions };
  /** sexton.yaml as it was read, defaults included: secrets never stand in it, only where they are. */
  readonly settings: JsonObject;
  readonly execution: {
    /** Tries of one plan, and of one deletion without progress, before it fails. */
    readonly planAttempts: number;
    readonly targetAttempts: number;
    readonly retryBaseMs: number;
    readonly retryMaxMs: number;
    readonly reconcileEveryMs: number;
  };
}

export interface ConfigFault {
  /** Dotted path into sexton.yaml, or the name of an environment variable. */
  readonly path: string;
  readonly message: string;
}

/** All that is wrong with the configuration at once; never holds a value that may be secret. */
export class ConfigError extends Error {
  constructor(readonly faults: readonly ConfigFault[]) {
    super(
      ['Sexton is not configured as it should be:', ...faults.map((f) => `  ${f.path}: ${f.message}`)].join(
        '\n',
      ),
    );
    this.name = 'ConfigError';
  }
}
