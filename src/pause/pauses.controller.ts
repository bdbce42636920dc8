import { Body, Controller, Delete, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { withReasonSchema, type WithReason } from '../deletions/deletions.dto.js';
import { ApiAnswer, ApiProblems } from '../http/api-docs.js';
import { idSchema } from '../http/plain-text.js';
import { requestIdOf } from '../http/request-id.js';
import type { Caller } from '../identity/caller.js';
import { CurrentCaller, Requires } from '../identity/decorators.js';
import {
  createPauseSchema,
  pauseListSchema,
  pauseSchema,
  type CreatePause,
  type PauseView,
} from './pauses.dto.js';
import { PausesService } from './pauses.service.js';

@ApiTags('pauses')
@Controller('v1/pauses')
export class PausesController {
  constructor(private readonly pauses: PausesService) {}

  @Post()
  @HttpCode(201)
  @Requires('pauses:write')
  @ApiOperation({
    summary: 'Pause a registry, or every one',
    description: 'Accepted work waits, and requests are accepted as before. A target under way is finished.',
  })
  @ApiAnswer(201, pauseSchema, 'In force.')
  @ApiProblems('invalid_request', 'malformed_json', 'unknown_registry', 'unsupported_media_type')
  async create(
    @CurrentCaller() caller: Caller,
    @Body({ schema: createPauseSchema }) body: CreatePause,
    @Req() request: Request,
  ): Promise<PauseView> {
    return this.pauses.create({ caller, requestId: requestIdOf(request) }, body);
  }

  @Get()
  @Requires('pauses:read')
  @ApiOperation({ summary: 'Pauses in force' })
  @ApiAnswer(200, pauseListSchema, 'All of them.')
  @ApiProblems()
  async list(@CurrentCaller() caller: Caller): Promise<{ items: PauseView[]; nextCursor: null }> {
    return this.pauses.list(caller);
  }

  @Delete(':id')
  @HttpCode(204)
  @Requires('pauses:write')
  @ApiOperation({ summary: 'End a pause; what waited goes on by itself' })
  @ApiResponse({ status: 204, description: 'Ended.' })
  @ApiProblems('invalid_request', 'malformed_json', 'not_found', 'unsupported_media_type')
  async end(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: withReasonSchema }) body: WithReason,
    @Req() request: Request,
  ): Promise<void> {
    await this.pauses.end({ caller, requestId: requestIdOf(request) }, id, body.reason);
  }
}
