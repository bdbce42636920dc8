import { Body, Controller, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { deletionSchema, type DeletionView } from '../deletions/deletions.dto.js';
import { ApiAnswer, ApiProblems } from '../http/api-docs.js';
import { clientGone } from '../http/client-gone.js';
import { idSchema } from '../http/plain-text.js';
import { requestIdOf } from '../http/request-id.js';
import type { Caller } from '../identity/caller.js';
import { CurrentCaller, Requires } from '../identity/decorators.js';
import { decideSchema, type Decide } from './approvals.dto.js';
import { ApprovalsService } from './approvals.service.js';

const PROBLEMS = [
  'invalid_request',
  'malformed_json',
  'not_found',
  'forbidden',
  'second_person_required',
  'not_awaiting_approval',
  'approval_expired',
  'plan_stale',
  'unsupported_media_type',
] as const;

@ApiTags('deletions')
@Controller('v1/deletions')
export class ApprovalsController {
  constructor(private readonly approvals: ApprovalsService) {}

  @Post(':id/approve')
  @HttpCode(200)
  @Requires('deletions:approve')
  @ApiOperation({ summary: "Approve somebody else's deletion; with the last approval needed it is queued" })
  @ApiAnswer(200, deletionSchema, 'Approved.')
  @ApiProblems(...PROBLEMS)
  async approve(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: decideSchema }) body: Decide,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DeletionView> {
    const asked = { caller, requestId: requestIdOf(request), signal: clientGone(response) };
    return this.approvals.decide(asked, id, 'approved', body);
  }

  @Post(':id/reject')
  @HttpCode(200)
  @Requires('deletions:approve')
  @ApiOperation({ summary: "Reject somebody else's deletion, which ends it" })
  @ApiAnswer(200, deletionSchema, 'Rejected.')
  @ApiProblems(...PROBLEMS)
  async reject(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: decideSchema }) body: Decide,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DeletionView> {
    const asked = { caller, requestId: requestIdOf(request), signal: clientGone(response) };
    return this.approvals.decide(asked, id, 'rejected', body);
  }
}
