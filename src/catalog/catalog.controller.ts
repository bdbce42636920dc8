import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { z } from 'zod';
import { ApiAnswer, ApiProblems } from '../http/api-docs.js';
import { clientGone } from '../http/client-gone.js';
import type { Caller } from '../identity/caller.js';
import { CurrentCaller, Requires } from '../identity/decorators.js';
import {
  pageQuerySchema,
  registryListSchema,
  repositoryListSchema,
  tagListSchema,
  tagsQuerySchema,
  type PageQuery,
  type RegistryStatusView,
  type RepositoryListView,
  type TagListView,
  type TagsQuery,
} from './catalog.dto.js';
import { CatalogService } from './catalog.service.js';

const registryParam = z.string().max(100);
const UPSTREAM = [
  'upstream_unavailable',
  'upstream_timeout',
  'upstream_error',
  'upstream_rate_limited',
  'upstream_unauthorized',
  'upstream_forbidden',
  'upstream_tls_error',
  'upstream_protocol_error',
  'upstream_realm_not_allowed',
] as const;

@ApiTags('registries')
@Controller('v1/registries')
export class CatalogController {
  constructor(private readonly catalog: CatalogService) {}

  @Get()
  @Requires('registries:read')
  @ApiOperation({ summary: 'The registries you may use, and what each can do' })
  @ApiAnswer(200, registryListSchema, 'All of them.')
  @ApiProblems()
  async registries(
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<{ items: RegistryStatusView[]; nextCursor: null }> {
    return { items: await this.catalog.listRegistries(caller, clientGone(response)), nextCursor: null };
  }

  @Get(':registry/repositories')
  @Requires('registries:read')
  @ApiOperation({ summary: 'Repositories of a registry, in name order' })
  @ApiAnswer(200, repositoryListSchema, 'A page.')
  @ApiProblems('invalid_request', 'unknown_registry', ...UPSTREAM)
  async repositories(
    @CurrentCaller() caller: Caller,
    @Param('registry', { schema: registryParam }) registry: string,
    @Query({ schema: pageQuerySchema }) query: PageQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RepositoryListView> {
    return this.catalog.listRepositories(caller, registry, query, clientGone(response));
  }

  @Get(':registry/tags')
  @Requires('registries:read')
  @ApiOperation({ summary: 'Tags of a repository, with what they point at now' })
  @ApiAnswer(200, tagListSchema, 'A page.')
  @ApiProblems('invalid_request', 'unknown_registry', 'not_found', ...UPSTREAM)
  async tags(
    @CurrentCaller() caller: Caller,
    @Param('registry', { schema: registryParam }) registry: string,
    @Query({ schema: tagsQuerySchema }) query: TagsQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<TagListView> {
    return this.catalog.listTags(caller, registry, query, clientGone(response));
  }
}
