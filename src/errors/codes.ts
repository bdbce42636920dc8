/**
 * Every stable code that a response, a target or an audit event may carry: HTTP status, title, and what to do next.
 * The API's documentation of errors is made from this table.
 */
interface ErrorKind {
  readonly status: number;
  readonly title: string;
  readonly hint: string;
}

const kinds = <T extends Record<string, ErrorKind>>(table: T): Readonly<Record<keyof T, ErrorKind>> => table;

export const ERROR_KINDS = kinds({
  // What the caller sent
  malformed_json: {
    status: 400,
    title: 'The body is not JSON',
    hint: 'Send one JSON object with Content-Type: application/json.',
  },
  invalid_request: {
    status: 400,
    title: 'The request is not valid',
    hint: 'Correct the fields listed in errors and send it again.',
  },
  unauthenticated: {
    status: 401,
    title: 'No valid credential',
    hint: 'Send an API key as a Bearer token or as the password of Basic authentication, or a token of the configured issuer as a Bearer token.',
  },
  key_expired: { status: 401, title: 'The API key has expired', hint: 'Ask an administrator for a new key.' },
  token_expired: {
    status: 401,
    title: 'The token has expired',
    hint: 'Log in at the issuer again, or refresh the token there.',
  },
  issuer_unavailable: {
    status: 503,
    title: 'The token issuer is not answering',
    hint: 'Try again after Retry-After, or use an API key; whoever runs Sexton checks identity.oidc in sexton.yaml.',
  },
  forbidden: {
    status: 403,
    title: 'Not permitted',
    hint: 'Ask an administrator for a role and a scope that permit this.',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    hint: 'Check the id or the path; what you may not see is not found either.',
  },
  unknown_registry: {
    status: 404,
    title: 'No such registry',
    hint: 'GET /v1/registries lists the registries you may use.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    hint: 'Send one of the methods in Allow; see /docs.',
  },
  payload_too_large: {
    status: 413,
    title: 'The body is too large',
    hint: 'Send at most 1 MiB; split the references over several deletions.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported content type',
    hint: 'Send Content-Type: application/json.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'The Idempotency-Key was used with another body',
    hint: 'Use a new key for a new request.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    hint: 'Wait for the time that Retry-After names.',
  },
  webhook_target_refused: {
    status: 422,
    title: 'The webhook may not lead there',
    hint: 'Give a URL whose host is public, or have it allowed under notifications.webhooks.allow in sexton.yaml.',
  },
  too_many_webhooks: {
    status: 409,
    title: 'There are as many webhooks as there may be',
    hint: 'Delete one, or have one receiver pass notices on.',
  },
  not_cancellable: {
    status: 409,
    title: 'The deletion can no longer be cancelled',
    hint: 'It has started or ended; GET it to see its outcome.',
  },
  not_executable: {
    status: 409,
    title: 'Only a planned dry run can be executed',
    hint: 'Create a deletion with dryRun: true, read its plan, then execute it.',
  },
  plan_stale: {
    status: 409,
    title: 'The registry changed since the plan was made',
    hint: 'Make a new plan and read it; errors names the differences.',
  },
  not_restorable: {
    status: 409,
    title: 'The deletion cannot be restored',
    hint: 'The detail names what is missing. An image whose blobs are gone must be pushed again.',
  },
  hold_not_liftable: {
    status: 409,
    title: 'The hold cannot be lifted here',
    hint: 'One of sexton.yaml is removed there; one that expired or was lifted is over.',
  },
  second_person_required: {
    status: 403,
    title: 'Somebody else must do this',
    hint: 'Ask another person, with a key that neither you nor a key of yours has made.',
  },

  // What the plan refuses
  plan_refused: {
    status: 409,
    title: 'The plan was refused',
    hint: 'See plan.refusals for each reference and what to do.',
  },
  shared_digest: {
    status: 409,
    title: 'Other tags point at the same digest',
    hint: 'What was refused names the tags, and what would let it through; of a tag that came after the plan, make a new plan.',
  },
  child_of_index: {
    status: 409,
    title: 'A living index contains this manifest',
    hint: 'Delete the named indexes first or together with it, or use siblings: "untag" to remove only the tag.',
  },
  reference_not_found: {
    status: 409,
    title: 'The registry has no such reference',
    hint: 'Check the tag or digest; nothing was deleted.',
  },
  dangling_tag: {
    status: 409,
    title: 'The tag points at a manifest that is gone',
    hint: 'This registry cannot remove it through its API; remove it through its storage (type: storage, or sexton storage delete), or push the tag again. Was it pushed since a collection, ask again once the quarantine was looked after (collection.healEvery).',
  },
  untagged_unsupported: {
    status: 409,
    title: 'This registry does not list untagged manifests',
    hint: 'Name the digests, or leave untagged out of the selector; garbage collection can remove what no tag leads to.',
  },
  untag_unsupported: {
    status: 409,
    title: 'This registry cannot remove one tag alone',
    hint: 'Use siblings: "include", or delete all tags of the digest in one request.',
  },
  digest_unsupported: {
    status: 409,
    title: 'This registry deletes tags only',
    hint: 'Name the tags to remove instead of the digest.',
  },
  tag_in_notary: {
    status: 409,
    title: 'The registry keeps a signed tag',
    hint: "Remove the tag's trust data for every role that signed it (docker trust revoke, or notary remove and publish), then ask again.",
  },
  repository_name_unsupported: {
    status: 400,
    title: 'The registry cannot hold a repository of this name',
    hint: 'Name it as namespace/name; if this registry does serve names without a namespace, set namespaces: optional on it in sexton.yaml.',
  },
  unreadable_manifest: {
    status: 409,
    title: 'A manifest that decides liveness could not be read',
    hint: 'Nothing was deleted, because what it refers to is not known.',
  },
  deletes_more: {
    status: 409,
    title: 'The registry would delete more than the request allows',
    hint: 'Leave children and referrers at "include", or remove only the tag with siblings: "untag".',
  },
  held: {
    status: 409,
    title: 'A hold protects this reference',
    hint: 'Ask the owner of the hold to lift it; GET /v1/holds names the owner.',
  },
  too_many_targets: {
    status: 409,
    title: 'The request would delete more than one request may',
    hint: 'Split it, or ask whoever runs Sexton about limits.targetsPerRequest.',
  },
  share_too_large: {
    status: 409,
    title: 'The request would delete too large a part of the repository',
    hint: 'Name fewer tags, or ask whoever runs Sexton about limits.share.',
  },
  daily_limit_reached: {
    status: 409,
    title: "It is more than what is left of the caller's day",
    hint: 'Ask again later, or ask whoever runs Sexton about limits.targetsPerDay.',
  },

  // What people have to agree to
  approval_required: {
    status: 409,
    title: 'Somebody else has to approve the deletion',
    hint: 'It waits: GET it to see why and until when, and ask an approver. Nothing was deleted yet.',
  },
  not_awaiting_approval: {
    status: 409,
    title: 'The deletion does not wait for approval',
    hint: 'GET it to see its state.',
  },
  approval_expired: {
    status: 409,
    title: 'The time for approval is over',
    hint: 'Ask for the deletion again: its plan is made anew then.',
  },

  // What happened to a target
  tag_moved: {
    status: 409,
    title: 'The tag moved after the plan was made',
    hint: 'The tag was left alone; make a new plan if the new image should go too.',
  },
  already_absent: { status: 404, title: 'It was already gone', hint: 'Nothing to do.' },
  verification_failed: {
    status: 502,
    title: 'The registry still serves it after the deletion',
    hint: 'Look at the registry and its caches; then ask again.',
  },

  // What the upstream registry did
  upstream_unavailable: {
    status: 503,
    title: 'The registry is not answering',
    hint: 'Accepted work is tried again by itself; check the registry.',
  },
  upstream_timeout: {
    status: 504,
    title: 'The registry did not answer in time',
    hint: 'Accepted work is tried again by itself; check the registry.',
  },
  upstream_error: {
    status: 502,
    title: 'The registry answered with an error',
    hint: 'Check the registry; accepted work is tried again where that can help.',
  },
  upstream_rate_limited: {
    status: 503,
    title: 'The registry asks to slow down',
    hint: 'Accepted work is tried again after the time the registry named.',
  },
  upstream_unauthorized: {
    status: 502,
    title: 'The registry refuses the configured credentials',
    hint: 'Correct the credentials of this registry in sexton.yaml.',
  },
  upstream_forbidden: {
    status: 502,
    title: 'The configured account may not do this on the registry',
    hint: 'Grant the account pull and delete (and push, for untag) on this repository.',
  },
  upstream_tls_error: {
    status: 502,
    title: 'The TLS connection to the registry failed',
    hint: 'Correct url or tls.caFile of this registry in sexton.yaml.',
  },
  upstream_protocol_error: {
    status: 502,
    title: 'The registry answered with something that is not its protocol',
    hint: 'Check that url points at the registry itself and not at a proxy page.',
  },
  upstream_realm_not_allowed: {
    status: 502,
    title: 'The registry sent us to a token server that is not allowed',
    hint: 'Add the host to tokenRealms of this registry if it is yours.',
  },
  digest_mismatch: {
    status: 502,
    title: 'The bytes do not match their digest',
    hint: 'A proxy or the storage alters manifests; nothing was deleted.',
  },
  listing_unsupported: {
    status: 409,
    title: 'This registry does not list its repositories',
    hint: 'Name the repository; the old Python registry lists them where its search_backend is set.',
  },
  delete_disabled: {
    status: 409,
    title: 'Deletion is disabled on the registry',
    hint: 'Set storage.delete.enabled: true (REGISTRY_STORAGE_DELETE_ENABLED=true) on the registry and restart it; a pull-through cache (proxy.remoteurl) never deletes.',
  },
  immutable_tag: {
    status: 409,
    title: 'An immutability rule of the registry protects the tag',
    hint: "Change the project's immutability rule on the registry, or delete other tags; nothing was changed.",
  },
  still_referenced: {
    status: 409,
    title: 'The registry holds the manifest because another one refers to it',
    hint: 'Delete the index that contains it first or together with it, or remove only its tags with siblings: "untag".',
  },
  pull_blocked: {
    status: 409,
    title: "The registry's policy blocks pulling this manifest",
    hint: 'Exempt the image or the project from the policy (vulnerability severity, signatures) on the registry: what cannot be read could not be restored, so nothing was deleted.',
  },
  registry_online: {
    status: 409,
    title: 'The registry is running and takes pushes',
    hint: 'Stop it or make it read-only, delete through its API (type: distribution), or set storage.online: true on this registry in sexton.yaml. Nothing was changed.',
  },
  registry_read_only: {
    status: 503,
    title: 'The registry is read-only',
    hint: 'Accepted work is tried again; switch storage.maintenance.readonly off.',
  },

  // Collections
  no_collection: {
    status: 409,
    title: 'This registry is not collected',
    hint: 'Configure collection.engine of this registry in sexton.yaml.',
  },
  no_window: {
    status: 409,
    title: 'No maintenance window opens within a year',
    hint: 'Configure collection.windows of this registry, or do not wait for one: a deletion without runIn, a collection with when: "now" as an operator.',
  },
  not_undoable: {
    status: 409,
    title: 'The collection cannot be undone',
    hint: 'Only a collection of the engine sexton or v1 that took something away can, once it has ended.',
  },
  not_resumable: {
    status: 409,
    title: 'The collection cannot be resumed',
    hint: 'One that waits for a window goes on by itself, and with when: "now" at once; one that succeeded has nothing left to do.',
  },
  not_supported_by_engine: {
    status: 409,
    title: 'The collection engine of this registry cannot do this',
    hint: 'GET /v1/collections/windows names the engine of each registry.',
  },
  storage_unavailable: {
    status: 503,
    title: "The registry's files are not there",
    hint: 'Mount the storage of the registry where Sexton collects, and check storage.filesystem in sexton.yaml.',
  },
  storage_locked: {
    status: 503,
    title: 'Another program changes the storage',
    hint: 'Wait for it to end; accepted work is tried again by itself.',
  },
  storage_fault: {
    status: 502,
    title: "The registry's files could not be read or changed",
    hint: 'Look at the file that is named; nothing whose liveness it could decide was touched.',
  },
  not_read_only: {
    status: 409,
    title: 'The registry still takes pushes',
    hint: 'The before commands must stop the registry or make it read-only: its own garbage-collect would break pushes under way. Nothing was collected.',
  },
  untagged_breaks_indexes: {
    status: 409,
    title: 'Collecting untagged manifests would break images of several platforms',
    hint: 'Registry 2.x deletes the children of tagged indexes with --delete-untagged. Use untagged: "keep", or the engine sexton.',
  },
  command_failed: {
    status: 502,
    title: 'A configured command failed',
    hint: 'See the log in the report of the collection, and the command in sexton.yaml.',
  },
  collection_job_failed: {
    status: 502,
    title: "The registry's own garbage collection failed",
    hint: 'See the log in the report of the collection.',
  },

  // Sexton itself
  not_ready: {
    status: 503,
    title: 'Sexton is not ready',
    hint: 'See checks for the dependency that is missing.',
  },
  database_unavailable: {
    status: 503,
    title: 'The database of Sexton is not working',
    hint: 'Send the request again after Retry-After, with the same Idempotency-Key; accepted work goes on by itself.',
  },
  internal_error: {
    status: 500,
    title: 'Something went wrong in Sexton',
    hint: 'Give the request id to whoever runs Sexton.',
  },
});

export type ErrorCode = keyof typeof ERROR_KINDS;
