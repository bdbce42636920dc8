import {
  Body,
  Controller,
  Get,
  Headers,
  HttpCode,
  Param,
  Post,
  Query,
  Req,
  Res,
  UseGuards,
} from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ApiAnswer, ApiProblems } from '../http/api-docs.js';
import { clientGone } from '../http/client-gone.js';
import { NoBody } from '../http/no-body.js';
import { idSchema } from '../http/plain-text.js';
import { waitOf } from '../http/prefer.js';
import { requestIdOf } from '../http/request-id.js';
import type { Caller } from '../identity/caller.js';
import { CurrentCaller, Requires } from '../identity/decorators.js';
import { answerCreated } from './answer-created.js';
import {
  createDeletionSchema,
  deletionListSchema,
  deletionSchema,
  listDeletionsSchema,
  restoreSchema,
  withReasonSchema,
  type CreateDeletion,
  type DeletionView,
  type ListDeletions,
  type RestoreDeletion,
  type WithReason,
} from './deletions.dto.js';
import type { Asked } from './asked.js';
import { DeletionsService } from './deletions.service.js';
import { idempotencyKeyOf } from './idempotency.js';

@ApiTags('deletions')
@Controller('v1/deletions')
export class DeletionsController {
  constructor(private readonly deletions: DeletionsService) {}

  @Post()
  @HttpCode(202)
  @Requires('deletions:create')
  @ApiOperation({
    summary: 'Ask for a deletion, or with dryRun for its plan',
    description:
      'Accepted durably, then planned: the answer is what is known after `Prefer: wait=N` seconds (default 5; `respond-async` does not wait). A plan that is refused answers 409 with the refusals; the deletion stays readable at Location.',
  })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'The same key with the same body is the same deletion.',
    schema: { type: 'string', maxLength: 255 },
  })
  @ApiHeader({
    name: 'Prefer',
    required: false,
    description: 'RFC 7240: `wait=N` seconds (0 to 60), or `respond-async`.',
    schema: { type: 'string' },
  })
  @ApiAnswer(202, deletionSchema, 'Accepted; Location names the deletion.')
  @ApiProblems(
    'invalid_request',
    'malformed_json',
    'unknown_registry',
    'forbidden',
    'plan_refused',
    'shared_digest',
    'child_of_index',
    'reference_not_found',
    'dangling_tag',
    'untag_unsupported',
    'unreadable_manifest',
    'delete_disabled',
    'payload_too_large',
    'unsupported_media_type',
    'idempotency_key_reused',
    'upstream_unauthorized',
    'upstream_forbidden',
    'upstream_tls_error',
    'upstream_protocol_error',
    'upstream_realm_not_allowed',
    'digest_mismatch',
    'upstream_unavailable',
    'upstream_timeout',
    'upstream_error',
  )
  async create(
    @CurrentCaller() caller: Caller,
    @Body({ schema: createDeletionSchema }) body: CreateDeletion,
    @Headers('idempotency-key')
    idempotencyKey: string | undefined,
    @Headers('prefer') prefer: string | undefined,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DeletionView> {
    const deletion = await this.deletions.create(asked(caller, request, response), body, {
      idempotencyKey: idempotencyKeyOf(idempotencyKey),
      waitMs: waitOf(prefer),
    });
    return answerCreated(deletion, response);
  }

  @Get()
  @Requires('deletions:read')
  @ApiOperation({ summary: 'Deletions, newest first' })
  @ApiAnswer(200, deletionListSchema, 'A page.')
  @ApiProblems('invalid_request')
  async list(
    @CurrentCaller() caller: Caller,
    @Query({ schema: listDeletionsSchema }) query: ListDeletions,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<{ items: DeletionView[]; nextCursor: string | null }> {
    return this.deletions.list(asked(caller, request, response), query);
  }

  @Get(':id')
  @Requires('deletions:read')
  @ApiOperation({ summary: 'One deletion: state, plan, outcome of each target' })
  @ApiAnswer(200, deletionSchema, 'The deletion.')
  @ApiProblems('invalid_request', 'not_found')
  async get(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DeletionView> {
    return this.deletions.get(asked(caller, request, response), id);
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @Requires('deletions:cancel')
  @ApiOperation({ summary: 'Cancel a deletion that has not begun' })
  @ApiAnswer(200, deletionSchema, 'Cancelled.')
  @ApiProblems(
    'invalid_request',
    'malformed_json',
    'not_found',
    'forbidden',
    'not_cancellable',
    'unsupported_media_type',
  )
  async cancel(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: withReasonSchema }) body: WithReason,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DeletionView> {
    return this.deletions.cancel(asked(caller, request, response), id, body.reason);
  }

  @Post(':id/execute')
  @HttpCode(202)
  @UseGuards(NoBody)
  @Requires('deletions:execute')
  @ApiOperation({ summary: "Run a dry run's plan exactly as it was shown" })
  @ApiAnswer(202, deletionSchema, 'Queued.')
  @ApiProblems(
    'invalid_request',
    'not_found',
    'forbidden',
    'not_executable',
    'plan_stale',
    'upstream_unavailable',
    'upstream_timeout',
    'upstream_error',
    'upstream_unauthorized',
    'upstream_forbidden',
    'upstream_tls_error',
  )
  async execute(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DeletionView> {
    return this.deletions.execute(asked(caller, request, response), id);
  }

  @Post(':id/restore')
  @HttpCode(200)
  @Requires('deletions:restore')
  @ApiOperation({
    summary: 'Put back what a deletion removed',
    description:
      'Manifests and tags come back byte for byte, as long as the registry still has their blobs. 202 when it is not done after `Prefer: wait=N` seconds (default 5).',
  })
  @ApiHeader({
    name: 'Prefer',
    required: false,
    description: 'RFC 7240: `wait=N` seconds (0 to 60), or `respond-async`.',
    schema: { type: 'string' },
  })
  @ApiAnswer(200, deletionSchema, 'Restored.')
  @ApiAnswer(202, deletionSchema, 'Accepted, not done yet.')
  @ApiProblems(
    'invalid_request',
    'malformed_json',
    'not_found',
    'forbidden',
    'not_restorable',
    'unsupported_media_type',
    'upstream_forbidden',
    'upstream_unauthorized',
    'upstream_unavailable',
    'upstream_timeout',
    'verification_failed',
  )
  async restore(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: restoreSchema }) body: RestoreDeletion,
    @Headers('prefer') prefer: string | undefined,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DeletionView> {
    const restoring = await this.deletions.restore(
      asked(caller, request, response),
      id,
      body,
      waitOf(prefer),
    );
    if (!restoring.isDone) response.status(202);
    return restoring.deletion;
  }
}

const asked = (caller: Caller, request: Request, response: Response): Asked => ({
  caller,
  requestId: requestIdOf(request),
  signal: clientGone(response),
});
