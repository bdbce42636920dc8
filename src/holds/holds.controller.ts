import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { withReasonSchema, type WithReason } from '../deletions/deletions.dto.js';
import { ApiAnswer, ApiProblems } from '../http/api-docs.js';
import { idSchema } from '../http/plain-text.js';
import { requestIdOf } from '../http/request-id.js';
import type { Caller } from '../identity/caller.js';
import { CurrentCaller, Requires } from '../identity/decorators.js';
import {
  createHoldSchema,
  holdListSchema,
  holdSchema,
  listHoldsSchema,
  type CreateHold,
  type HoldView,
  type ListHolds,
} from './holds.dto.js';
import { HoldsService } from './holds.service.js';

@ApiTags('holds')
@Controller('v1/holds')
export class HoldsController {
  constructor(private readonly holds: HoldsService) {}

  @Post()
  @HttpCode(201)
  @Requires('holds:write')
  @ApiOperation({
    summary: 'Forbid that something is deleted',
    description: 'In force at once, also for deletions that are planned, queued or running.',
  })
  @ApiAnswer(201, holdSchema, 'The hold.')
  @ApiProblems('invalid_request', 'malformed_json', 'unknown_registry', 'unsupported_media_type')
  async create(
    @CurrentCaller() caller: Caller,
    @Body({ schema: createHoldSchema }) body: CreateHold,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<HoldView> {
    const hold = await this.holds.create(caller, body, requestIdOf(request));
    response.setHeader('Location', `/v1/holds/${hold.id}`);
    return hold;
  }

  @Get()
  @Requires('holds:read')
  @ApiOperation({ summary: 'Holds on what you may see' })
  @ApiAnswer(200, holdListSchema, 'A page.')
  @ApiProblems('invalid_request')
  async list(
    @CurrentCaller() caller: Caller,
    @Query({ schema: listHoldsSchema }) query: ListHolds,
  ): Promise<{ items: HoldView[]; nextCursor: string | null }> {
    return this.holds.list(caller, query);
  }

  @Get(':id')
  @Requires('holds:read')
  @ApiOperation({ summary: 'One hold' })
  @ApiAnswer(200, holdSchema, 'The hold.')
  @ApiProblems('invalid_request', 'not_found')
  async get(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<HoldView> {
    return this.holds.get(caller, id);
  }

  @Delete(':id')
  @HttpCode(200)
  @Requires('holds:lift-legal')
  @ApiOperation({
    summary: 'Lift a hold',
    description:
      'A legal hold is lifted by two people: the first call asks (202), and within seven days a call by another person lifts it. Other holds need the permission holds:write.',
  })
  @ApiAnswer(200, holdSchema, 'Lifted.')
  @ApiAnswer(202, holdSchema, 'Of a legal hold: asked for. Another person must ask too.')
  @ApiProblems(
    'invalid_request',
    'malformed_json',
    'not_found',
    'forbidden',
    'second_person_required',
    'hold_not_liftable',
    'unsupported_media_type',
  )
  async lift(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: withReasonSchema }) body: WithReason,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<HoldView> {
    const { hold, isLifted } = await this.holds.lift(caller, id, body.reason, requestIdOf(request));
    if (!isLifted) response.status(202);
    return hold;
  }
}
