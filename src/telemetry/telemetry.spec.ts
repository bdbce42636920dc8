import { NestFactory } from '@nestjs/core';
import { Module } from '@nestjs/common';
import request from 'supertest';
import { describe, expect, it, vi } from 'vitest';
import { HealthController } from './health.controller.js';
import { createLogger, LOGGER } from './logger.js';
import { Metrics } from './metrics.js';
import { MetricsController } from './metrics.controller.js';
import { Readiness, READINESS_CHECKS, type ReadinessCheck } from './readiness.js';

const serve = async (checks: readonly ReadinessCheck[], metrics = new Metrics()) => {
  @Module({
    controllers: [HealthController, MetricsController],
    providers: [
      Readiness,
      { provide: Metrics, useValue: metrics },
      { provide: READINESS_CHECKS, useValue: checks },
      { provide: LOGGER, useValue: createLogger('silent') },
    ],
  })
  class TestModule {}
  const app = await NestFactory.create(TestModule, { logger: false });
  await app.listen(0, '127.0.0.1');
  return { ask: request(await app.getUrl()), close: () => app.close() };
};

const works = async () => undefined;
const breaks = async () => {
  throw Object.assign(new Error('connect to postgres://me:secret@db failed'), { code: 'ECONNREFUSED' });
};

describe('readiness', () => {
  it('answers 200 while only what is informational fails', async () => {
    const { ask, close } = await serve([
      { name: 'database', check: works },
      { name: 'registry prod', informational: true, check: breaks },
    ]);
    const answer = await ask.get('/readyz').expect(200);
    expect(answer.body).toMatchObject({
      status: 'ready',
      checks: [
        { name: 'database', status: 'ok', required: true, code: null },
        { name: 'registry prod', status: 'failing', required: false, code: 'ECONNREFUSED' },
      ],
    });
    await close();
  });

  it('answers 503 and names the dependency, without its secrets; liveness stays 200', async () => {
    const { ask, close } = await serve([{ name: 'database', check: breaks }]);
    const answer = await ask.get('/readyz').expect(503);
    expect(answer.body).toMatchObject({
      status: 'not_ready',
      checks: [{ name: 'database', code: 'ECONNREFUSED' }],
    });
    expect(answer.text).not.toContain('secret');
    await ask.get('/healthz').expect(200, { status: 'ok' });
    await close();
  });

  it('does not wait for a dependency that hangs', async () => {
    vi.useFakeTimers();
    const readiness = new Readiness(
      [{ name: 'queue', check: () => new Promise(() => undefined) }],
      createLogger('silent'),
    );
    const report = readiness.report();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await report).toMatchObject({ ready: false, checks: [{ name: 'queue', code: 'timeout' }] });
    vi.useRealTimers();
  });

  it('asks its dependencies at most once a second, however often it is asked', async () => {
    const check = vi.fn(works);
    const { ask, close } = await serve([{ name: 'database', check }]);
    await Promise.all(Array.from({ length: 10 }, () => ask.get('/readyz').expect(200)));
    expect(check).toHaveBeenCalledTimes(1);
    await close();
  });
});

describe('metrics', () => {
  it('shows what was counted and what is read at the moment', async () => {
    const metrics = new Metrics();
    metrics.ended('succeeded');
    metrics.targetEnded('deleted');
    metrics.upstreamAnswered('prod', 'DELETE', 202, 0.03);
    metrics.upstreamFailed('prod', 'upstream_timeout');
    metrics.watchQueue(async () => [{ registry: 'prod', waiting: 3, oldestSeconds: 12 }]);
    metrics.watchSealing(async () => ({ waiting: 7, oldestSeconds: 0.5 }));
    const { ask, close } = await serve([], metrics);
    const { text } = await ask
      .get('/metrics')
      .expect(200)
      .expect('Content-Type', /^text\/plain; version=0\.0\.4/);
    for (const line of [
      'sexton_deletions_ended_total{state="succeeded"} 1',
      'sexton_targets_ended_total{outcome="deleted"} 1',
      'sexton_upstream_request_duration_seconds_bucket{le="0.05",registry="prod",method="DELETE",status="202"} 1',
      'sexton_upstream_errors_total{registry="prod",code="upstream_timeout"} 1',
      'sexton_queue_waiting_deletions{registry="prod"} 3',
      'sexton_queue_oldest_waiting_seconds{registry="prod"} 12',
      'sexton_audit_unsealed_events 7',
      'sexton_audit_oldest_unsealed_seconds 0.5',
    ])
      expect(text).toContain(line);
    await close();
  });

  it('still shows the rest when one reading fails', async () => {
    const metrics = new Metrics();
    metrics.ended('failed');
    metrics.watchQueue(breaks);
    const text = await metrics.collect();
    expect(text).toContain('sexton_deletions_ended_total{state="failed"} 1');
    expect(text).toContain('sexton_metrics_failed_readings_total 1');
  });
});
