import { EventEmitter } from 'node:events';
import type { Request, Response } from 'express';
import { expect, it, vi } from 'vitest';
import { noteRefusal } from '../http/refusals.js';
import { rememberCaller } from '../identity/decorators.js';
import { createLogger } from '../telemetry/logger.js';
import type { AuditLog } from './audit-log.js';
import { RefusedActs } from './refused-acts.js';

it('that cannot be recorded while the database is away are told once, not each', async () => {
  const logger = createLogger('info');
  const told = vi.spyOn(logger, 'error').mockImplementation(() => undefined);
  const away = Object.assign(new Error('the database system is in recovery mode'), { code: '57P03' });
  const record = vi.fn(() => Promise.reject(away));
  const acts = new RefusedActs(null as never, { record } as unknown as AuditLog, logger);
  for (let n = 0; n < 20; n++) {
    const request = { method: 'POST', path: '/v1/deletions', body: {} } as Request;
    const response = new EventEmitter();
    rememberCaller(request, { id: 'key:1', name: 'ci', role: 'requester', scopes: [], address: null });
    acts.use(request, response as Response, () => undefined);
    noteRefusal(request, { status: 503, code: 'database_unavailable', instance: null });
    response.emit('finish');
  }
  await vi.waitFor(() => expect(told).toHaveBeenCalled());
  expect(record).toHaveBeenCalledTimes(20);
  expect(told).toHaveBeenCalledTimes(1);
});
