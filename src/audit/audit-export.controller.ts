import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ApiProblems } from '../http/api-docs.js';
import { requestIdOf } from '../http/request-id.js';
import type { Caller } from '../identity/caller.js';
import { CurrentCaller, Requires } from '../identity/decorators.js';
import { AuditExportService } from './audit-export.service.js';
import { exportAuditSchema, type ExportAudit } from './audit.dto.js';

const TYPES = { ndjson: 'application/x-ndjson', csv: 'text/csv' } as const;

@ApiTags('audit')
@Controller('v1/audit')
export class AuditExportController {
  constructor(private readonly exports: AuditExportService) {}

  @Get('export')
  @Requires('audit:read')
  @ApiOperation({
    summary: 'Export audit events, oldest first, as a stream',
    description:
      'The same filters and the same sight as the list. `ndjson` holds all that `sexton audit verify` needs; its last line has the type `end`, and a file without it was cut off. `csv` is for spreadsheets.',
  })
  @ApiProduces(TYPES.ndjson, TYPES.csv)
  @ApiResponse({
    status: 200,
    description: 'The stream.',
    content: {
      [TYPES.ndjson]: { schema: { type: 'string' } },
      [TYPES.csv]: { schema: { type: 'string' } },
    },
  })
  @ApiProblems('invalid_request')
  async exportAuditEvents(
    @CurrentCaller() caller: Caller,
    @Query({ schema: exportAuditSchema }) query: ExportAudit,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    response.status(200);
    response.setHeader('Content-Type', `${TYPES[query.format]}; charset=utf-8`);
    response.setHeader('Cache-Control', 'no-store');
    if (request.method === 'HEAD') {
      // Nobody is shown an event: there is nothing to record, nor to read.
      response.end();
      return;
    }
    const wanted = await this.exports.begin(caller, requestIdOf(request), query);
    const name = `sexton-audit-${wanted.upTo.sequence}.${query.format}`;
    response.setHeader('Content-Disposition', `attachment; filename="${name}"`);
    await this.exports.stream(wanted, response);
  }
}
