import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, UseGuards } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { ApiAnswer, ApiProblems } from '../http/api-docs.js';
import { NoBody } from '../http/no-body.js';
import { idSchema } from '../http/plain-text.js';
import { requestIdOf } from '../http/request-id.js';
import {
  apiKeyListSchema,
  createApiKeySchema,
  createdApiKeySchema,
  listApiKeysSchema,
  type ApiKeyView,
  type CreateApiKey,
  type ListApiKeys,
} from './api-keys.dto.js';
import { ApiKeysService } from './api-keys.service.js';
import type { Caller } from './caller.js';
import { CurrentCaller, Requires } from './decorators.js';

@ApiTags('api keys')
@Controller('v1/api-keys')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  @Post()
  @HttpCode(201)
  @Requires('keys:manage')
  @ApiOperation({ summary: 'Make an API key; its secret is shown once' })
  @ApiAnswer(201, createdApiKeySchema, 'The key, with its secret.')
  @ApiProblems('invalid_request', 'malformed_json', 'unsupported_media_type')
  async create(
    @CurrentCaller() caller: Caller,
    @Body({ schema: createApiKeySchema }) body: CreateApiKey,
    @Req() request: Request,
  ): Promise<ApiKeyView & { secret: string }> {
    return this.keys.create(caller, body, requestIdOf(request));
  }

  @Get()
  @Requires('keys:manage')
  @ApiOperation({ summary: 'API keys, newest first; never their secrets' })
  @ApiAnswer(200, apiKeyListSchema, 'A page.')
  @ApiProblems('invalid_request')
  async list(
    @Query({ schema: listApiKeysSchema }) query: ListApiKeys,
  ): Promise<{ items: ApiKeyView[]; nextCursor: string | null }> {
    return this.keys.list(query);
  }

  @Post(':id/rotate')
  @HttpCode(200)
  @UseGuards(NoBody)
  @Requires('keys:manage')
  @ApiOperation({ summary: 'Give an API key a new secret, shown once; the old one ends' })
  @ApiAnswer(200, createdApiKeySchema, 'The key, with its new secret.')
  @ApiProblems('invalid_request', 'not_found')
  async rotate(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Req() request: Request,
  ): Promise<ApiKeyView & { secret: string }> {
    return this.keys.rotate(caller, id, requestIdOf(request));
  }

  @Delete(':id')
  @HttpCode(204)
  @UseGuards(NoBody)
  @Requires('keys:manage')
  @ApiOperation({ summary: 'Revoke an API key' })
  @ApiResponse({ status: 204, description: 'Revoked.' })
  @ApiProblems('invalid_request', 'not_found')
  async revoke(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Req() request: Request,
  ): Promise<void> {
    await this.keys.revoke(caller, id, requestIdOf(request));
  }
}
