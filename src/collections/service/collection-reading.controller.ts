import { pipeline } from 'node:stream/promises';
import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { ApiAnswer, ApiProblems } from '../../http/api-docs.js';
import { idSchema } from '../../http/plain-text.js';
import type { Caller } from '../../identity/caller.js';
import { CurrentCaller, Requires } from '../../identity/decorators.js';
import { digestSchema, type Digest } from '../../oci/digest.js';
import { CollectionReadingService } from './collection-reading.service.js';
import { explanationSchema, type ExplanationView } from './explanation.dto.js';
import { reportQuerySchema, reportSchema, type ReportQuery } from './report.dto.js';
import { windowsListSchema, type RegistryWindowsView } from './windows.dto.js';

@ApiTags('collections')
@Controller('v1')
export class CollectionReadingController {
  constructor(private readonly reading: CollectionReadingService) {}

  @Get('collections/windows')
  @Requires('collections:read')
  @ApiOperation({ summary: 'Maintenance windows: when the next opens, and whether what waits will fit' })
  @ApiAnswer(200, windowsListSchema, 'Of every registry that is collected.')
  @ApiProblems()
  async windows(
    @CurrentCaller() caller: Caller,
  ): Promise<{ items: RegistryWindowsView[]; nextCursor: null }> {
    return { items: await this.reading.windows(caller), nextCursor: null };
  }

  @Get('collections/:id/report')
  @Requires('collections:report')
  @ApiOperation({
    summary: 'What a collection found: each candidate with its reason, faults, largest repositories, log',
  })
  @ApiAnswer(200, reportSchema, 'A page; with `format=ndjson` all of it as application/x-ndjson.')
  @ApiProblems('invalid_request', 'not_found')
  async report(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: reportQuerySchema }) query: ReportQuery,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    if (query.format === 'json') {
      response.json(await this.reading.report(caller, id, query));
      return;
    }
    const lines = await this.reading.reportLines(caller, id);
    response.setHeader('Content-Type', 'application/x-ndjson');
    if (request.method === 'HEAD') {
      // Node would drop each line, after it was read.
      response.end();
      return;
    }
    await pipeline(lines, response);
  }

  @Get('registries/:registry/blobs/:digest/explanation')
  @Requires('collections:report')
  @ApiOperation({ summary: 'Why a blob is still there: the path of references to it' })
  @ApiAnswer(200, explanationSchema, 'As the files of the registry are now.')
  @ApiProblems(
    'invalid_request',
    'unknown_registry',
    'not_supported_by_engine',
    'storage_unavailable',
    'storage_fault',
  )
  async explain(
    @CurrentCaller() caller: Caller,
    @Param('registry', { schema: z.string().max(100) }) registry: string,
    @Param('digest', { schema: digestSchema }) digest: Digest,
  ): Promise<ExplanationView> {
    return this.reading.explain(caller, registry, digest);
  }
}
