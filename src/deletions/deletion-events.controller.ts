import { Controller, Param, Req, Res, Sse, type MessageEvent } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Observable } from 'rxjs';
import { ApiProblems } from '../http/api-docs.js';
import { clientGone } from '../http/client-gone.js';
import { idSchema } from '../http/plain-text.js';
import { requestIdOf } from '../http/request-id.js';
import type { Caller } from '../identity/caller.js';
import { CurrentCaller, Requires } from '../identity/decorators.js';
import { StandingCredential } from '../identity/standing-credential.js';
import { followDeletion } from './deletion-events.js';
import { DeletionChanges } from './deletion-changes.js';
import { DeletionsService } from './deletions.service.js';
import { DeletionsStore } from './deletions.store.js';

@ApiTags('deletions')
@Controller('v1/deletions')
export class DeletionEventsController {
  constructor(
    private readonly deletions: DeletionsService,
    private readonly store: DeletionsStore,
    private readonly changes: DeletionChanges,
    private readonly credential: StandingCredential,
  ) {}

  @Sse(':id/events')
  @Requires('deletions:read')
  @ApiOperation({
    summary: 'Follow a deletion until it ends (server-sent events)',
    description:
      'Events: `state` (state, done, total), `target` (one outcome), `end` (the final state; then the stream closes). It also closes, without `end`, a few seconds after the key was revoked or the token expired.',
  })
  @ApiProduces('text/event-stream')
  @ApiResponse({
    status: 200,
    description: 'The stream.',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  })
  @ApiProblems('invalid_request', 'not_found')
  async events(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Observable<MessageEvent>> {
    const signal = clientGone(response);
    await this.deletions.get({ caller, requestId: requestIdOf(request), signal }, id);
    return new Observable<MessageEvent>((subscriber) => {
      const ended = new AbortController();
      const either = AbortSignal.any([ended.signal, signal]);
      void (async () => {
        try {
          const mayRead = () => this.credential.isGood(request);
          for await (const event of followDeletion(this.store, this.changes, id, either, mayRead))
            subscriber.next(event);
          subscriber.complete();
        } catch (error) {
          subscriber.error(error);
        }
      })();
      return () => ended.abort();
    });
  }
}
