import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiAnswer, ApiProblems } from '../http/api-docs.js';
import type { Caller } from '../identity/caller.js';
import { CurrentCaller, Requires } from '../identity/decorators.js';
import {
  auditEventListSchema,
  auditKeysSchema,
  listAuditEventsSchema,
  verificationSchema,
  verifyAuditSchema,
  type AuditEventListView,
  type AuditKeysView,
  type ListAuditEvents,
  type VerificationView,
  type VerifyAudit,
} from './audit.dto.js';
import { AuditService } from './audit.service.js';

@ApiTags('audit')
@Controller('v1/audit')
export class AuditController {
  constructor(private readonly audit: AuditService) {}

  @Get('events')
  @Requires('audit:read')
  @ApiOperation({
    summary: 'Audit events, newest first',
    description:
      'Auditors and admins see all; others see what they did themselves and what happened in the repositories that their scopes let them read.',
  })
  @ApiAnswer(200, auditEventListSchema, 'A page.')
  @ApiProblems('invalid_request')
  listAuditEvents(
    @CurrentCaller() caller: Caller,
    @Query({ schema: listAuditEventsSchema }) query: ListAuditEvents,
  ): Promise<AuditEventListView> {
    return this.audit.list(caller, query);
  }

  @Get('verification')
  @Requires('audit:verify')
  @ApiOperation({
    summary: 'Compute the whole hash chain anew, and check its signed checkpoints',
    description:
      'Broken is an answer, not an error: 200 with status `broken` and the first fault. With `sequence` and `hash` of an earlier head, which was noted outside Sexton, it also finds an end that was cut off and a chain that was computed anew.',
  })
  @ApiAnswer(200, verificationSchema, 'What was found.')
  @ApiProblems('invalid_request')
  verifyAuditChain(@Query({ schema: verifyAuditSchema }) query: VerifyAudit): Promise<VerificationView> {
    return this.audit.verify(query);
  }

  @Get('keys')
  @Requires('audit:read')
  @ApiOperation({
    summary: 'The public keys of the signed checkpoints',
    description:
      'Empty where no signing key is configured. Keep a copy elsewhere: offline verification needs it.',
  })
  @ApiAnswer(200, auditKeysSchema, 'A JWK set.')
  @ApiProblems()
  listAuditKeys(): AuditKeysView {
    return this.audit.keys();
  }
}
