import type { Role } from '../../src/identity/permissions.js';

/**
 * What one role gets, `in its scope` and `out of it`: a status, or of a list that answers 200 whether the thing in
 * question is `shown` or `hidden`. What a caller may not see is 404 and never 403.
 */
type Cell = `${Answer} ${Answer}`;
export type Answer = number | 'shown' | 'hidden';

export type Row = 'public' | Readonly<Record<Role, Cell>>;

const row = (requester: Cell, approver: Cell, operator: Cell, auditor: Cell, admin: Cell): Row => ({
  requester,
  approver,
  operator,
  auditor,
  admin,
});

const LISTED = row('shown hidden', 'shown hidden', 'shown hidden', 'shown shown', 'shown shown');
const READ = row('200 404', '200 404', '200 404', '200 200', '200 200');

/**
 * Every route of the OpenAPI document, by role. Whoever adds a route adds its row here, and how to ask for it in
 * route-requests.ts. Without a credential every row but a public one is 401. Text after ` — ` tells rows of one route apart.
 */
export const ROUTES: Readonly<Record<string, Row>> = {
  //                                        requester   approver   operator   auditor    admin
  'POST /v1/deletions': /*               */ row('202 404', '403 403', '202 404', '403 403', '202 202'),
  'GET /v1/deletions': LISTED,
  'GET /v1/deletions/{id}': READ,
  'GET /v1/deletions/{id}/events': READ,
  'POST /v1/deletions/{id}/cancel': /*   */ row('200 404', '403 403', '200 404', '403 403', '200 200'),
  // 409: a deletion that ended before it began can neither be executed nor restored, by whoever may ask for that.
  'POST /v1/deletions/{id}/execute': /*  */ row('409 404', '403 403', '409 404', '403 403', '409 409'),
  'POST /v1/deletions/{id}/restore': /*  */ row('409 404', '403 403', '409 404', '403 403', '409 409'),

  'POST /v1/deletions/{id}/approve': /*  */ row('403 403', '200 404', '403 403', '403 403', '200 200'),
  'POST /v1/deletions/{id}/reject': /*   */ row('403 403', '200 404', '403 403', '403 403', '200 200'),

  'POST /v1/holds': /*                   */ row('403 403', '403 403', '201 404', '403 403', '201 201'),
  'GET /v1/holds': LISTED,
  'GET /v1/holds/{id}': READ,
  'DELETE /v1/holds/{id}': /*            */ row('403 403', '403 404', '200 404', '403 403', '200 200'),
  // Of a legal hold the first one asks, and the second one lifts.
  'DELETE /v1/holds/{id} — of a legal hold': row('403 403', '202 404', '202 404', '403 403', '202 202'),
  'POST /v1/pauses': /*                  */ row('403 403', '403 403', '201 404', '403 403', '201 201'),
  'POST /v1/pauses — of every registry': row('403 403', '403 403', '403 403', '403 403', '201 201'),
  'GET /v1/pauses': LISTED,
  'DELETE /v1/pauses/{id}': /*           */ row('403 403', '403 403', '204 404', '403 403', '204 204'),

  'GET /v1/registries': LISTED,
  'GET /v1/registries/{registry}/repositories': LISTED,
  'GET /v1/registries/{registry}/repositories — of another registry': READ,
  'GET /v1/registries/{registry}/tags': READ,

  'POST /v1/collections': /*             */ row('202 404', '403 403', '202 404', '403 403', '202 202'),
  'POST /v1/collections — outside of a window': row('403 404', '403 403', '202 404', '403 403', '202 202'),
  'GET /v1/collections': LISTED,
  'GET /v1/collections/windows': LISTED,
  'GET /v1/collections/{id}': READ,
  'GET /v1/collections/{id}/report': /*  */ row('403 403', '403 403', '200 404', '200 200', '200 200'),
  'POST /v1/collections/{id}/cancel': /* */ row('403 403', '403 403', '200 404', '403 403', '200 200'),
  'POST /v1/collections/{id}/resume': /* */ row('403 403', '403 403', '202 404', '403 403', '202 202'),
  'POST /v1/collections/{id}/undo': /*   */ row('403 403', '403 403', '202 404', '403 403', '202 202'),
  'GET /v1/registries/{registry}/blobs/{digest}/explanation': row(
    '403 403',
    '403 403',
    '200 404',
    '200 200',
    '200 200',
  ),

  'GET /v1/audit/events': LISTED,
  'GET /v1/audit/export': LISTED,
  'GET /v1/audit/keys': /*               */ row('200 200', '200 200', '200 200', '200 200', '200 200'),
  'GET /v1/audit/verification': /*       */ row('403 403', '403 403', '403 403', '200 200', '200 200'),

  'POST /v1/api-keys': /*                */ row('403 403', '403 403', '403 403', '403 403', '201 201'),
  'GET /v1/api-keys': /*                 */ row('403 403', '403 403', '403 403', '403 403', '200 200'),
  'POST /v1/api-keys/{id}/rotate': /*    */ row('403 403', '403 403', '403 403', '403 403', '200 200'),
  'DELETE /v1/api-keys/{id}': /*         */ row('403 403', '403 403', '403 403', '403 403', '204 204'),

  'GET /v1/me': /*                       */ row('200 200', '200 200', '200 200', '200 200', '200 200'),
  'POST /v1/webhooks': /*               */ row('403 403', '403 403', '403 403', '403 403', '201 201'),
  'GET /v1/webhooks': /*                */ row('403 403', '403 403', '403 403', '403 403', '200 200'),
  'GET /v1/webhooks/{id}': /*           */ row('403 403', '403 403', '403 403', '403 403', '200 200'),
  'PATCH /v1/webhooks/{id}': /*         */ row('403 403', '403 403', '403 403', '403 403', '200 200'),
  'DELETE /v1/webhooks/{id}': /*        */ row('403 403', '403 403', '403 403', '403 403', '204 204'),
  'POST /v1/webhooks/{id}/rotate': /*   */ row('403 403', '403 403', '403 403', '403 403', '200 200'),
  'GET /v1/webhooks/{id}/deliveries': /**/ row('403 403', '403 403', '403 403', '403 403', '200 200'),
  'POST /v1/webhooks/{id}/deliveries/{delivery}/resend': row(
    '403 403',
    '403 403',
    '403 403',
    '403 403',
    '202 202',
  ),

  'GET /healthz': 'public',
  'GET /readyz': 'public',
  'GET /metrics': 'public',
};

/** The registry-compatible front, which the OpenAPI document leaves to the OCI distribution spec. */
export const FRONT_ROUTES: Readonly<Record<string, Row>> = {
  'GET /v2/': /*                         */ row('200 200', '200 200', '200 200', '200 200', '200 200'),
  'GET /v2/_catalog': LISTED,
  'GET /v2/{name}/tags/list': READ,
  'GET /v2/{name}/manifests/{reference}': READ,
  // 405: what may delete has come as far as a registry without such a reference.
  'DELETE /v2/{name}/manifests/{reference}': row('404 404', '403 403', '404 404', '403 403', '404 404'),
  'DELETE /api/v0/repositories/{name}/manifests/{reference}': row(
    '404 404',
    '403 403',
    '404 404',
    '403 403',
    '404 404',
  ),
  'POST /v2/{name}/blobs/uploads/': /*   */ row('405 405', '405 405', '405 405', '405 405', '405 405'),
};
