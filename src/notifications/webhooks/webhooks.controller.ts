import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  Req,
  Res,
  UseGuards,
} from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ApiAnswer, ApiProblems } from '../../http/api-docs.js';
import { NoBody } from '../../http/no-body.js';
import { idSchema } from '../../http/plain-text.js';
import { requestIdOf } from '../../http/request-id.js';
import type { Caller } from '../../identity/caller.js';
import { CurrentCaller, Requires } from '../../identity/decorators.js';
import {
  changeWebhookSchema,
  createWebhookSchema,
  listWebhooksSchema,
  webhookListSchema,
  webhookSchema,
  webhookWithSecretSchema,
  type ChangeWebhook,
  type CreateWebhook,
  type ListWebhooks,
  type WebhookListView,
  type WebhookView,
  type WebhookWithSecret,
} from './webhooks.dto.js';
import { WebhooksService } from './webhooks.service.js';

@ApiTags('webhooks')
@Controller('v1/webhooks')
export class WebhooksController {
  constructor(private readonly webhooks: WebhooksService) {}

  @Post()
  @HttpCode(201)
  @Requires('webhooks:manage')
  @ApiOperation({
    summary: 'Have notices sent to a URL; the secret that they are signed with is shown once',
    description:
      'CloudEvents 1.0 in structured JSON mode, signed as Standard Webhooks has it. Told is what happens from now on.',
  })
  @ApiAnswer(201, webhookWithSecretSchema, 'The webhook, with its secret.')
  @ApiProblems(
    'invalid_request',
    'malformed_json',
    'unsupported_media_type',
    'webhook_target_refused',
    'too_many_webhooks',
  )
  async create(
    @CurrentCaller() caller: Caller,
    @Body({ schema: createWebhookSchema }) body: CreateWebhook,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<WebhookWithSecret> {
    const webhook = await this.webhooks.create(caller, body, requestIdOf(request));
    response.setHeader('Location', `/v1/webhooks/${webhook.id}`);
    return webhook;
  }

  @Get()
  @Requires('webhooks:manage')
  @ApiOperation({ summary: 'Webhooks, newest first; never their secrets' })
  @ApiAnswer(200, webhookListSchema, 'A page.')
  @ApiProblems('invalid_request')
  async list(@Query({ schema: listWebhooksSchema }) query: ListWebhooks): Promise<WebhookListView> {
    return this.webhooks.list(query);
  }

  @Get(':id')
  @Requires('webhooks:manage')
  @ApiOperation({ summary: 'One webhook' })
  @ApiAnswer(200, webhookSchema, 'The webhook.')
  @ApiProblems('invalid_request', 'not_found')
  async get(@Param('id', { schema: idSchema }) id: string): Promise<WebhookView> {
    return this.webhooks.get(id);
  }

  @Patch(':id')
  @Requires('webhooks:manage')
  @ApiOperation({
    summary: 'Change, disable or enable a webhook',
    description:
      'What is left out stays. What happens while it is disabled is never sent; what waited before is sent once it is enabled again.',
  })
  @ApiAnswer(200, webhookSchema, 'The webhook as it is now.')
  @ApiProblems(
    'invalid_request',
    'malformed_json',
    'not_found',
    'unsupported_media_type',
    'webhook_target_refused',
  )
  async change(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: changeWebhookSchema }) body: ChangeWebhook,
    @Req() request: Request,
  ): Promise<WebhookView> {
    return this.webhooks.change(caller, id, body, requestIdOf(request));
  }

  @Post(':id/rotate')
  @HttpCode(200)
  @UseGuards(NoBody)
  @Requires('webhooks:manage')
  @ApiOperation({
    summary: 'Give a webhook a new secret, shown once',
    description: 'For a day every notice has two signatures, of the new secret and of the one before.',
  })
  @ApiAnswer(200, webhookWithSecretSchema, 'The webhook, with its new secret.')
  @ApiProblems('invalid_request', 'not_found')
  async rotate(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Req() request: Request,
  ): Promise<WebhookWithSecret> {
    return this.webhooks.rotate(caller, id, requestIdOf(request));
  }

  @Delete(':id')
  @HttpCode(204)
  @UseGuards(NoBody)
  @Requires('webhooks:manage')
  @ApiOperation({ summary: 'Remove a webhook, and what waits for it' })
  @ApiResponse({ status: 204, description: 'Removed.' })
  @ApiProblems('invalid_request', 'not_found')
  async remove(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Req() request: Request,
  ): Promise<void> {
    await this.webhooks.remove(caller, id, requestIdOf(request));
  }
}
