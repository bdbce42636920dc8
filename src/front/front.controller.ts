import { All, Controller, Delete, Get, Req, Res, UseFilters } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { clientGone } from '../http/client-gone.js';
import { requestIdOf } from '../http/request-id.js';
import type { Caller } from '../identity/caller.js';
import { CurrentCaller, Requires, TakesRegistryTokens } from '../identity/decorators.js';
import { FrontDeletions } from './front-deletions.js';
import { FrontErrorFilter } from './front-error.filter.js';
import { FrontError } from './front-error.js';
import { readDtrPath, readV2Path, type FrontRequest } from './front-path.js';
import { FrontReads } from './front-reads.js';
import { FrontRegistry } from './front-registry.js';

/**
 * What clients of registries speak, so that they need a new host and nothing else: the reads that come before a
 * deletion, and DELETE. Not part of the OpenAPI document: it is the OCI distribution spec's and DTR's API.
 */
@ApiExcludeController()
@Controller()
@UseFilters(FrontErrorFilter)
@TakesRegistryTokens()
export class FrontController {
  constructor(
    private readonly registry: FrontRegistry,
    private readonly reads: FrontReads,
    private readonly deletions: FrontDeletions,
  ) {}

  /** HEAD comes here too. */
  @Get('v2{/*path}')
  @Requires('registries:read')
  async read(
    @CurrentCaller() caller: Caller,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const signal = clientGone(response);
    const asked = readV2Path(request.path);
    response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
    switch (asked.kind) {
      case 'ping':
        response.json({});
        return;
      case 'catalog':
        return this.reads.catalog(caller, this.registry.ofRequest(request), request, response, signal);
      case 'tags': {
        const meant = await this.registry.meant(caller, request, asked.name, signal);
        return this.reads.tags(meant, asked.name, request, response, signal);
      }
      case 'manifest': {
        const meant = await this.registry.meant(caller, request, asked.name, signal);
        return this.reads.manifest(meant, asked.reference, response, signal);
      }
      case 'referrers': {
        const meant = await this.registry.meant(caller, request, asked.name, signal);
        return this.reads.referrers(meant, asked.digest, response, signal);
      }
    }
  }

  @Delete('v2{/*path}')
  @Requires('deletions:create')
  async delete(
    @CurrentCaller() caller: Caller,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const asked = readV2Path(request.path);
    if (asked.kind !== 'manifest') {
      throw new FrontError(405, 'UNSUPPORTED', 'Only manifests and tags can be deleted');
    }
    await this.remove(caller, request, response, asked, 202);
  }

  @Delete('api/v0/repositories/*path')
  @Requires('deletions:create')
  async deleteAsDtr(
    @CurrentCaller() caller: Caller,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.remove(caller, request, response, readDtrPath(request.path), 204);
  }

  @All('v2{/*path}')
  @Requires('registries:read')
  refuse(): void {
    throw new FrontError(
      405,
      'UNSUPPORTED',
      'Sexton deletes and reads; push and pull at the registry itself',
    );
  }

  private async remove(
    caller: Caller,
    request: Request,
    response: Response,
    { name, reference }: Extract<FrontRequest, { kind: 'manifest' }>,
    status: number,
  ): Promise<void> {
    const signal = clientGone(response);
    const meant = await this.registry.meant(caller, request, name, signal);
    const asked = { caller, requestId: requestIdOf(request), signal };
    const { id } = await this.deletions.delete(asked, request, meant, reference);
    response
      .status(status)
      .set('Docker-Distribution-Api-Version', 'registry/2.0')
      .set('Sexton-Deletion', `/v1/deletions/${id}`)
      .end();
  }
}
