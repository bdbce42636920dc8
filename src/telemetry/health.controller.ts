import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiAnswer } from '../http/api-docs.js';
import { Public } from '../identity/decorators.js';
import { healthSchema, readinessSchema, type Health, type ReadinessView } from './health.dto.js';
import { Readiness } from './readiness.js';

@ApiTags('operations')
@Public()
@Controller()
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  @Get('healthz')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Liveness: 200 while the process answers at all' })
  @ApiAnswer(200, healthSchema, 'Alive.')
  readHealth(): Health {
    return { status: 'ok' };
  }

  /** The body is the same for 200 and 503, so that a probe's log shows which dependency is missing. */
  @Get('readyz')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Readiness, with each dependency' })
  @ApiAnswer(200, readinessSchema, 'Every required dependency works.')
  @ApiAnswer(503, readinessSchema, 'A required dependency does not work.')
  async readReadiness(@Res({ passthrough: true }) response: Response): Promise<ReadinessView> {
    const { ready, checks } = await this.readiness.report();
    response.status(ready ? 200 : 503);
    return { status: ready ? 'ready' : 'not_ready', checks: [...checks] };
  }
}
