import { Controller, Get, Header } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { Public } from '../identity/decorators.js';
import { Metrics } from './metrics.js';

/**
 * Public, as Prometheus expects of a service inside the network: the numbers name registries of the configuration and
 * nothing else. Whoever exposes Sexton beyond it closes `/metrics` at the reverse proxy.
 */
@ApiTags('operations')
@Controller()
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get('metrics')
  @Public()
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Metrics, as Prometheus reads them' })
  @ApiProduces('text/plain')
  readMetrics(): Promise<string> {
    return this.metrics.collect();
  }
}
