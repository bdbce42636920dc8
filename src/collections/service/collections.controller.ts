import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ApiAnswer, ApiProblems } from '../../http/api-docs.js';
import { idSchema } from '../../http/plain-text.js';
import { requestIdOf } from '../../http/request-id.js';
import type { Caller } from '../../identity/caller.js';
import { CurrentCaller, Requires } from '../../identity/decorators.js';
import {
  changeCollectionSchema,
  collectionListSchema,
  collectionSchema,
  createCollectionSchema,
  listCollectionsSchema,
  resumeCollectionSchema,
  type ChangeCollection,
  type CollectionView,
  type CreateCollection,
  type ListCollections,
  type ResumeCollection,
} from './collections.dto.js';
import { CollectionsService, type Asked } from './collections.service.js';

/** A ULID. Anything else cannot be an id of ours, and is answered like one that does not exist. */

const CHANGES = [
  'invalid_request',
  'malformed_json',
  'not_found',
  'forbidden',
  'unsupported_media_type',
] as const;

@ApiTags('collections')
@Controller('v1/collections')
export class CollectionsController {
  constructor(private readonly collections: CollectionsService) {}

  @Post()
  @HttpCode(202)
  @Requires('collections:create')
  @ApiOperation({
    summary: 'Ask for a garbage collection, or with mode: dry-run for what it would take',
    description:
      'Accepted durably; it runs in the maintenance windows of the registry, batch by batch, and goes on in the next one. `when: now`, every other `mode` and `untagged` are for operators and admins.',
  })
  @ApiAnswer(202, collectionSchema, 'Accepted; Location names the collection.')
  @ApiProblems(
    'invalid_request',
    'malformed_json',
    'unknown_registry',
    'forbidden',
    'no_collection',
    'no_window',
    'not_supported_by_engine',
    'unsupported_media_type',
  )
  async create(
    @CurrentCaller() caller: Caller,
    @Body({ schema: createCollectionSchema }) body: CreateCollection,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CollectionView> {
    const collection = await this.collections.create(asked(caller, request), body);
    response.setHeader('Location', `/v1/collections/${collection.id}`);
    return collection;
  }

  @Get()
  @Requires('collections:read')
  @ApiOperation({ summary: 'Collections, newest first' })
  @ApiAnswer(200, collectionListSchema, 'A page.')
  @ApiProblems('invalid_request')
  async list(
    @CurrentCaller() caller: Caller,
    @Query({ schema: listCollectionsSchema }) query: ListCollections,
    @Req() request: Request,
  ): Promise<{ items: CollectionView[]; nextCursor: string | null }> {
    return this.collections.list(asked(caller, request), query);
  }

  @Get(':id')
  @Requires('collections:read')
  @ApiOperation({ summary: 'One collection: state, counters, what was found' })
  @ApiAnswer(200, collectionSchema, 'The collection.')
  @ApiProblems('invalid_request', 'not_found')
  async get(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Req() request: Request,
  ): Promise<CollectionView> {
    return this.collections.get(asked(caller, request), id);
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @Requires('collections:run')
  @ApiOperation({
    summary: 'Cancel a collection',
    description:
      'One that runs ends after its batch (cancelRequested until then). What it took away stays so.',
  })
  @ApiAnswer(200, collectionSchema, 'Cancelled, or about to be.')
  @ApiProblems(...CHANGES, 'not_cancellable')
  async cancel(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: changeCollectionSchema }) body: ChangeCollection,
    @Req() request: Request,
  ): Promise<CollectionView> {
    return this.collections.cancel(asked(caller, request), id, body.reason);
  }

  @Post(':id/resume')
  @HttpCode(202)
  @Requires('collections:run')
  @ApiOperation({
    summary: 'Go on with a collection',
    description: 'One that was cancelled or failed; or with `when: now` one that waits for its window.',
  })
  @ApiAnswer(202, collectionSchema, 'It goes on.')
  @ApiProblems(...CHANGES, 'not_resumable', 'no_window', 'no_collection')
  async resume(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: resumeCollectionSchema }) body: ResumeCollection,
    @Req() request: Request,
  ): Promise<CollectionView> {
    return this.collections.resume(asked(caller, request), id, body);
  }

  @Post(':id/undo')
  @HttpCode(202)
  @Requires('collections:run')
  @ApiOperation({
    summary: 'Bring back what a collection took away',
    description: 'Everything that was not purged yet (undoRequested until it is done).',
  })
  @ApiAnswer(202, collectionSchema, 'Accepted.')
  @ApiProblems(...CHANGES, 'not_undoable', 'no_collection')
  async undo(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: changeCollectionSchema }) body: ChangeCollection,
    @Req() request: Request,
  ): Promise<CollectionView> {
    return this.collections.undo(asked(caller, request), id, body.reason);
  }
}

const asked = (caller: Caller, request: Request): Asked => ({ caller, requestId: requestIdOf(request) });
